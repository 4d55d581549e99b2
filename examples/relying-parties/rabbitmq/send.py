# A message to a queue and back, with a token instead of a password: python3 send.py HOST PORT [CA-FILE] < TOKEN
# Without TLS on loopback alone: a token is a password while it lives.
import ssl
import sys

import pika

host, port, *authority = sys.argv[1:]
if not authority and host != "localhost":
    sys.exit("name the file of the authority that issued the broker's certificate")
tls = pika.SSLOptions(ssl.create_default_context(cafile=authority[0]), host) if authority else None
credentials = pika.PlainCredentials("", sys.stdin.read().strip())
connection = pika.BlockingConnection(pika.ConnectionParameters(host, int(port), credentials=credentials, ssl_options=tls))
channel = connection.channel()
channel.queue_declare("orders")
channel.basic_publish("", "orders", b"hello")
print(next(channel.consume("orders", auto_ack=True))[2].decode())
connection.close()
