# SPDX-License-Identifier: Apache-2.0
#
# Signs one AWS Query call with the aws-sigv4 gem and prints the headers as JSON.
# Usage: ruby sigv4.rb URL SERVICE REGION ACCESS_KEY_ID SECRET_ACCESS_KEY < body
require "aws-sigv4"
require "json"

url, service, region, key, secret = ARGV
body = $stdin.read
headers = { "Content-Type" => "application/x-www-form-urlencoded" }
signer = Aws::Sigv4::Signer.new(service: service, region: region, access_key_id: key, secret_access_key: secret)
signed = signer.sign_request(http_method: "POST", url: url, headers: headers, body: body)
puts JSON.generate(headers.merge(signed.headers))
