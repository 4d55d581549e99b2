# A message to a queue and back, with a token instead of a password: python3 send.py HOST PORT CA-FILE < TOKEN
import ssl
import sys

import pika

host, port, authority = sys.argv[1:]
token = sys.stdin.read().strip()
connection = pika.BlockingConnection(pika.ConnectionParameters(
    host, int(port), credentials=pika.PlainCredentials("", token),
    ssl_options=pika.SSLOptions(ssl.create_default_context(cafile=authority), host)))
channel = connection.channel()
channel.queue_declare("orders")
channel.basic_publish("", "orders", b"hello")
print(next(channel.consume("orders", auto_ack=True))[2].decode())
connection.close()
