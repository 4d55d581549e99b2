# Signs in to IMAP with a token instead of a password: python3 inbox.py HOST PORT ROLE-ARN < TOKEN
import imaplib
import sys

host, port, role = sys.argv[1:]
token = sys.stdin.read().strip()
with imaplib.IMAP4_SSL(host, int(port)) as client:
    # RFC 7628 §3.1.
    client.authenticate("OAUTHBEARER", lambda _: f"n,a={role},\1auth=Bearer {token}\1\1".encode())
    print("INBOX has", client.select()[1][0].decode(), "messages")
