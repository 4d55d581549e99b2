// SPDX-License-Identifier: Apache-2.0
//
// To be appended to /etc/simplesamlphp/config.php.

// The address as clients see it, which the addresses in assertions are compared with.
$config['baseurlpath'] = 'https://app.example.com/simplesamlphp/';
$config['trusted.url.domains'] = ['app.example.com'];

// The issuer is known by its metadata file, and nobody else is.
$config['metadata.sources'] = [['type' => 'xml', 'file' => '/etc/simplesamlphp/metadata/exeat-metadata.xml']];

// Only a store of its own remembers which assertions were used; PHP's sessions do not, and would take one twice.
$config['store.type'] = 'sql';
$config['store.sql.dsn'] = 'sqlite:/var/lib/simplesamlphp/data/store.sq3';

$config['assertion.allowed_clock_skew'] = 60;
$config['showerrors'] = false;
