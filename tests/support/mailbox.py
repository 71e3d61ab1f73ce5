"""mailbox - an SMTP server (aiosmtpd) that reads each mail as a mail program would and plays a script.

    with Mailbox("421,ok") as box:
        box.url, box.mails

A script is a list of steps, one per connection; the last step repeats:

    ok         takes the mail
    NNN        refuses the recipient with this code; 421 and 554 refuse the connection
    data:NNN   refuses the mail after it was sent
    hang       never says a word
    cut        resets the connection in the middle of the mail
    deaf       takes the mail and never answers the QUIT behind it
"""

import asyncio
import email
import email.policy
import re
import threading

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

from programs import until

PNG = b"\x89PNG\r\n\x1a\n"
MESSAGE_ID = re.compile(r"<[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+@[A-Za-z0-9.-]+>")


def problems_of(raw, sender, recipients):
    """What a careful reader would complain about; `raw` has its dots unstuffed."""
    problems = []
    mail = email.message_from_bytes(raw, policy=email.policy.SMTP.clone(max_line_length=998))

    def need(ok, text):
        if not ok:
            problems.append(text)

    need(len(recipients) == 1, "not one recipient")
    need(raw.isascii(), "bytes over 127 in the mail")
    need(b"\n" not in raw.replace(b"\r\n", b"") and b"\r" not in raw.replace(b"\r\n", b""), "bare CR or LF")
    need(all(len(line) <= 998 for line in raw.split(b"\r\n")), "a line over 998 bytes")
    for name in ("Date", "From", "To", "Subject", "Message-ID", "In-Reply-To", "References", "MIME-Version"):
        need(len(mail.get_all(name, [])) == 1, f"not one {name}")
    need(mail["Auto-Submitted"] == "auto-generated", "not marked as automatic (RFC 3834)")
    need(sender in str(mail["From"]) and recipients[0] in str(mail["To"]), "the envelope differs")
    for name in ("Message-ID", "In-Reply-To", "References"):
        need(MESSAGE_ID.fullmatch(str(mail[name])), f"{name} is no id: {mail[name]}")
    need(mail["Date"].datetime is not None, "Date is none")
    for part in mail.walk():
        problems += [f"{part.get_content_type()}: {defect!r}" for defect in part.defects]
    need(mail.get_content_type() == "multipart/alternative", "not multipart/alternative")
    kinds = [part.get_content_type() for part in mail.walk() if not part.is_multipart()]
    need(kinds in (["text/plain", "text/html"], ["text/plain", "text/html", "image/png"]), f"parts are {kinds}")
    shown = re.findall(r'src="cid:([^"]*)"', part_of(mail, "text/html").get_content())
    pictures = [p["Content-ID"] for p in mail.walk() if p.get_content_type() == "image/png"]
    need([f"<{cid}>" for cid in shown] == pictures, "the HTML does not show the picture that came with it")
    return problems


def part_of(mail, kind):
    """The first part of that type, or None."""
    return next((part for part in mail.walk() if part.get_content_type() == kind), None)


class Server(SMTP):
    """One connection."""

    def __init__(self, box, **options):
        super().__init__(box, decode_data=False, **options)
        self.box, self.step = box, None

    def connection_made(self, transport):
        if self.step is None:  # a second time after STARTTLS
            self.step = self.box.next_step()
        if self.step in ("421", "554"):
            transport.write(f"{self.step} 4.3.2 not today\r\n".encode())
            transport.close()
            transport.set_protocol(asyncio.Protocol())
        elif self.step == "hang":
            transport.set_protocol(asyncio.Protocol())
        else:
            super().connection_made(transport)

    async def smtp_DATA(self, arg):
        if self.step != "cut":
            return await super().smtp_DATA(arg)
        await self.push("354 go on")
        await self._reader.readline()
        self.transport.abort()

    async def smtp_QUIT(self, arg):
        if self.step == "deaf":
            await asyncio.sleep(3600)
        await super().smtp_QUIT(arg)


class Mailbox:
    """`mails` are parsed messages; `problems` what was wrong with any of them; `logins` (user,
    password) as given; `tls` is a server's SSL context for STARTTLS, or from the start (`implicit`)."""

    def __init__(self, script="ok", tls=None, implicit=False, password=None):
        self.steps = script.split(",")
        self.mails, self.problems, self.logins, self.connections = [], [], [], 0
        self.password = password
        self.loop = asyncio.new_event_loop()
        options = {"tls_context": None if implicit else tls, "auth_required": password is not None,
                   "auth_require_tls": tls is not None,
                   "authenticator": self.check_login, "hostname": "mail.example", "timeout": 60}
        server = self.loop.run_until_complete(self.loop.create_server(
            lambda: Server(self, **options), "127.0.0.1", 0, ssl=tls if implicit else None))
        self.port = server.sockets[0].getsockname()[1]
        self.url = f"smtp://127.0.0.1:{self.port}"
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(5)

    def next_step(self):
        self.connections += 1
        return self.steps.pop(0) if len(self.steps) > 1 else self.steps[0]

    def check_login(self, server, session, envelope, mechanism, login):
        if not isinstance(login, LoginPassword):
            return AuthResult(success=False, handled=False)
        self.logins.append((login.login.decode(), login.password.decode()))
        return AuthResult(success=login.password.decode() == self.password, handled=False)

    async def handle_RCPT(self, server, session, envelope, address, options):
        if server.step.isdigit():
            return f"{server.step} 5.1.1 nobody of that name"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        if server.step.startswith("data:"):
            return f"{server.step[5:]} 5.7.1 looks like spam"
        raw = envelope.original_content
        self.problems += problems_of(raw, envelope.mail_from, envelope.rcpt_tos)
        self.mails.append(email.message_from_bytes(raw, policy=email.policy.SMTP))
        return "250 OK"

    def wait(self, count, seconds=10):
        """The first `count` mails."""
        until(lambda: len(self.mails) >= count, seconds, f"{count} mails at {self.url}")
        return self.mails[:count]
