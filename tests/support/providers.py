"""providers - what pages people, played strictly: one class per provider.

A provider checks each request as the real one documents it (required members, limits, how one logs
in), answers what is wrong the way the real one does, keeps the messages it was sent, and edits them
when asked.
"""

import base64
import hashlib
import hmac
import json
import time

from desks import DESKS
from provider import Everybody, Provider, is_text, is_url, what_of
from receiver import check_alertmanager, check_pagerduty

MESSAGE_BYTES_MAX = 28 * 1024  # of Teams; nobody takes much less


class Alertmanager(Provider):
    word = "alertmanager"
    takes_url = True

    def check(self, request):
        check_alertmanager(request.problems, request.body or {})

    def accept(self, request):
        self.saw(request.body["status"], request.body["commonAnnotations"]["summary"])
        return 200, {}, ""


class PagerDuty(Provider):
    word = "pagerduty"
    takes_url = True
    secrets = {"routing_key_file": "0123456789abcdef0123456789abcdef"}
    RETRY = [(429, {"Retry-After": "1"}, {"status": "throttle exceeded"}), (500, {}, "")]
    REJECT = [(400, {}, {"status": "invalid event", "message": "Event object is invalid", "errors": ["x"]})]
    BROKEN = [(403, {}, "")]

    def check(self, request):
        p = request.problems
        p.need(request.path == "/v2/enqueue", f"no such path: {request.path}")
        check_pagerduty(p, request.body or {})
        p.need((request.body or {}).get("routing_key") == self.secrets["routing_key_file"], "foreign routing_key")

    def accept(self, request):
        action = request.body["event_action"]
        what = {"trigger": "firing", "acknowledge": "acknowledged", "resolve": "resolved"}[action]
        self.saw(what, request.body.get("payload", {}).get("summary", ""))
        return 202, {}, {"status": "success", "message": "Event processed", "dedup_key": request.body["dedup_key"]}


class Webhook(Provider):
    """plimsoll's own, verified as the libraries of standardwebhooks.com do."""

    word = "webhook"
    takes_url = True
    secrets = {"secret_file": "whsec_" + base64.b64encode(bytes(range(32))).decode()}
    RETRY = [(503, {"Retry-After": "1"}, ""), (408, {}, "")]
    BROKEN = [(410, {}, "")]
    STATES = ("firing", "acknowledged", "resolved")

    def __init__(self, server):
        super().__init__(server)
        self.seen = set()

    def check(self, request):
        p, head, body = request.problems, request.headers, request.body or {}
        key = base64.b64decode(self.secrets["secret_file"].removeprefix("whsec_"))
        stamp = head.get("webhook-timestamp", "")
        signed = f"{head.get('webhook-id')}.{stamp}.".encode() + request.raw
        want = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
        p.need(head.get("webhook-id"), "webhook-id is missing")
        p.need(stamp.isdigit() and abs(int(stamp) - request.unix) < 300, "webhook-timestamp is old")
        p.need(hmac.compare_digest(want, head.get("webhook-signature", "")), "webhook-signature is wrong")
        p.need(body.get("version") == 1, "version is not 1")
        data = body.get("data") or {}
        state = data.get("state")
        p.need(state in self.STATES and body.get("type") in (f"alert.{state}", "test"), "type is none")
        for name in ("id", "title", "rule", "pool", "started_at"):
            p.need(is_text(data.get(name), 512), f"data.{name} is missing")
        p.need(isinstance(data.get("hosts"), list), "data.hosts is no list")
        p.need(("ended_at" in data) == (state == "resolved"), "data.ended_at is for what is over only")

    def accept(self, request):
        if request.headers["webhook-id"] not in self.seen:
            self.seen.add(request.headers["webhook-id"])
            self.saw(request.body["data"]["state"], request.body["data"]["title"])
        return 200, {}, ""


def check_buttons(p, buttons):
    """Those of a Slack message."""
    p.need(0 < len(buttons) <= 25, "elements are not 1 to 25")
    for button in buttons:
        p.need(button.get("type") == "button", "an element is no button")
        text = button.get("text") or {}
        p.need(text.get("type") == "plain_text" and is_text(text.get("text"), 75), "button: invalid text")
        p.need(is_text(button.get("action_id"), 255) and is_text(button.get("value"), 2000), "button: action_id, value")
        p.need(button.get("style") in (None, "primary", "danger"), "button: invalid style")


def check_blocks(p, body):
    """A Slack message: text, and blocks within their limits."""
    p.need(is_text(body.get("text"), 4000), "text is missing")
    blocks = body.get("blocks")
    if not p.need(isinstance(blocks, list) and 0 < len(blocks) <= 50, "blocks are not 1 to 50"):
        return
    p.need(len(json.dumps(blocks)) < 10000, "msg_blocks_too_long")
    for block in blocks:
        if block.get("type") == "actions":
            check_buttons(p, block.get("elements", []))
            continue
        longest = {"header": 150, "section": 3000}.get(block.get("type"))
        if p.need(longest, f"invalid block {block.get('type')}"):
            text = block.get("text") or {}
            kind = "plain_text" if block["type"] == "header" else "mrkdwn"
            p.need(text.get("type") == kind and is_text(text.get("text"), longest), f"{block['type']}: invalid text")


class Slack(Provider):
    word = "slack"
    secrets = {"url_file": "URL/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX"}
    RETRY = [(429, {"Retry-After": "1"}, {"retry_after": 1, "ok": False, "error": "rate_limited"}),
             (500, {}, "rollup_error")]
    BROKEN = [(404, {}, "no_service"), (403, {}, "action_prohibited"), (410, {}, "channel_is_archived")]
    REJECT = [(400, {}, "invalid_payload")]

    def check(self, request):
        p = request.problems
        p.need(request.path == self.secrets["url_file"].removeprefix("URL"), "no_service")
        check_blocks(p, request.body or {})

    def accept(self, request):
        title = request.body["text"]
        self.saw(what_of(title), title)
        return 200, {}, "ok"

    def refuse(self, request):
        return 400, {}, "invalid_payload"


class SlackBot(Provider):
    word = "slack_bot"
    takes_url = True
    secrets = {"token_file": "xoxb-17653672481-19874698323-pdFZKVeTuE8sk7oOcBrzbqgy"}
    keys = {"channel": "#ops"}
    RETRY = [(429, {"Retry-After": "1"}, {"ok": False, "error": "ratelimited"}),
             (200, {}, {"ok": False, "error": "internal_error"})]
    BROKEN = [(200, {}, {"ok": False, "error": "token_revoked"}), (200, {}, {"ok": False, "error": "is_archived"})]
    REJECT = [(200, {}, {"ok": False, "error": "invalid_blocks"})]

    def check(self, request):
        p, body = request.problems, request.body or {}
        p.need(request.headers.get("Authorization") == "Bearer " + self.secrets["token_file"], "not_authed")
        check_blocks(p, body)
        if p.need(request.path in ("/chat.postMessage", "/chat.update"), "unknown_method"):
            update = request.path == "/chat.update"
            p.need(("ts" in body) == update, "ts is for updates only")
            p.need(body.get("channel") == ("C0OPS" if update else "#ops"), "channel_not_found")

    def accept(self, request):
        title = request.body["text"]
        ts = request.body.get("ts") or f"1777644192.{len(self.messages):06d}"
        if "ts" in request.body and ts not in self.messages:
            return 200, {}, {"ok": False, "error": "message_not_found"}
        self.messages[ts] = title
        self.saw(what_of(title), title)
        return 200, {}, {"ok": True, "channel": "C0OPS", "ts": ts, "message": {"text": title}}

    def refuse(self, request):
        return 200, {}, {"ok": False, "error": "invalid_arguments", "detail": list(request.problems)}


class Discord(Provider):
    word = "discord"
    HOOK = "/api/webhooks/223704706495545344/3d89bb7572e0fb30d8128367b3b1b44fecd1726de135cbe2"
    secrets = {"url_file": "URL" + HOOK}
    RETRY = [(429, {"Retry-After": "1"}, {"message": "You are being rate limited.", "retry_after": 0.6,
                                          "global": False}), (502, {}, "")]
    BROKEN = [(404, {}, {"message": "Unknown Webhook", "code": 10015}), (401, {}, {"message": "401: Unauthorized"})]
    REJECT = [(400, {}, {"message": "Invalid Form Body", "code": 50035})]

    def check(self, request):
        p, body = request.problems, request.body or {}
        p.need(request.path.startswith(self.HOOK), "Unknown Webhook")
        p.need(request.query == {"wait": ["true"]}, "wait is not true")
        edits = request.path != self.HOOK
        p.need(request.method == ("PATCH" if edits else "POST"), f"method {request.method}")
        p.need(body.get("allowed_mentions") == {"parse": []}, "somebody may be mentioned")
        p.need(is_text(body.get("content", ""), 2000, 0), "content is over 2000")
        embeds = body.get("embeds")
        if not p.need(isinstance(embeds, list) and 0 < len(embeds) <= 10, "not 1 to 10 embeds"):
            return
        embed = embeds[0]
        p.need(is_text(embed.get("title"), 256), "title is over 256")
        p.need(is_text(embed.get("description", ""), 4096, 0), "description is over 4096")
        p.need(is_url(embed.get("url")), "url is none")
        p.need(isinstance(embed.get("color"), int) and embed["color"] < 1 << 24, "color is none")
        p.need(len(embed["title"] + embed.get("description", "")) <= 6000, "embeds are over 6000")

    def accept(self, request):
        title = request.body["embeds"][0]["title"]
        known = request.path.removeprefix(self.HOOK + "/messages/")
        number = known if request.method == "PATCH" else str(1122334455667788000 + len(self.messages))
        if request.method == "PATCH" and number not in self.messages:
            return 404, {}, {"message": "Unknown Message", "code": 10008}
        self.messages[number] = title
        self.saw(what_of(title), title)
        return 200, {}, {"id": number, "channel_id": "7", "embeds": request.body["embeds"]}


class Teams(Provider):
    word = "teams"
    secrets = {"url_file": "URL/workflows/4f/triggers/manual/paths/invoke?api-version=2016-06-01&sig=s3cr3t-sig"}
    RETRY = [(429, {"Retry-After": "1"}, {"error": {"code": "WorkflowTriggerThrottled"}}), (500, {}, "")]
    BROKEN = [(401, {}, {"error": {"code": "DirectApiAuthorizationRequired"}})]
    COLORS = {"Attention": "firing", "Warning": "acknowledged", "Good": "resolved"}

    def check(self, request):
        p, body = request.problems, request.body or {}
        p.need(request.query.get("sig") == ["s3cr3t-sig"], "the signature is missing")
        p.need(len(request.raw) <= MESSAGE_BYTES_MAX, "over 28 KB")
        p.need(body.get("type") == "message", "type is not message")
        parts = body.get("attachments")
        if not p.need(isinstance(parts, list) and len(parts) == 1, "not one attachment"):
            return
        card = parts[0].get("content") or {}
        p.need(parts[0].get("contentType") == "application/vnd.microsoft.card.adaptive", "no adaptive card")
        p.need(card.get("type") == "AdaptiveCard" and card.get("version") == "1.2", "no card of version 1.2")
        first = (card.get("body") or [{}])[0]
        p.need(first.get("type") == "TextBlock" and is_text(first.get("text"), 1024), "no headline")
        p.need(first.get("color") in self.COLORS, "color is none")
        for action in card.get("actions", []):
            p.need(action.get("type") == "Action.OpenUrl" and is_url(action.get("url")), "an action is no link")

    def accept(self, request):
        first = request.body["attachments"][0]["content"]["body"][0]
        self.saw(what_of(first["text"]), first["text"])
        return 202, {}, ""


class Ntfy(Provider):
    word = "ntfy"
    takes_url = True
    secrets = {"token_file": "tk_AgQdq7mVBoFD37zQVN29RhuMzNIz2"}
    keys = {"topic": "oncall-web"}
    RETRY = [(429, {"Retry-After": "1"}, {"code": 42901, "http": 429, "error": "limit reached: too many requests"}),
             (507, {}, {"code": 50701, "error": "internal server error"})]
    BROKEN = [(401, {}, {"code": 40101, "http": 401, "error": "unauthorized"}),
              (403, {}, {"code": 40301, "http": 403, "error": "forbidden"})]
    REJECT = [(400, {}, {"code": 40024, "http": 400, "error": "invalid request: body must be valid JSON"})]

    def check(self, request):
        p, body = request.problems, request.body or {}
        p.need(request.path == "/", "JSON goes to the root")
        p.need(request.headers.get("Authorization") == "Bearer " + self.secrets["token_file"], "unauthorized")
        p.need(body.get("topic") == "oncall-web", "topic is none")
        p.need(is_text(body.get("title"), 250), "title is none")
        p.need(0 < len(body.get("message", "").encode()) <= 4096, "message has not 1 to 4096 bytes")
        p.need(body.get("priority") in (1, 2, 3, 4, 5), "priority is none")
        p.need(all(isinstance(tag, str) for tag in body.get("tags", [])), "tags are no texts")
        p.need(len(body.get("actions", [])) <= 3, "more than 3 actions")
        for action in body.get("actions", []):
            p.need(action.get("action") in ("view", "http") and is_url(action.get("url")), "an action is none")
        p.need(is_url(body.get("click")), "click is none")

    def accept(self, request):
        body = request.body
        what = what_of(body["title"])
        assert (body["priority"] == 5) == (what == "firing"), "only what wakes people is urgent"
        self.saw(what, body["title"])
        return 200, {}, {"id": "sPs71M8A2T", "event": "message", "topic": body["topic"]}


class Telegram(Provider):
    word = "telegram"
    takes_url = True
    secrets = {"token_file": "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw"}
    keys = {"chat": "-1001234567890"}
    RETRY = [(429, {}, {"ok": False, "error_code": 429, "description": "Too Many Requests: retry after 1",
                        "parameters": {"retry_after": 1}}),
             (400, {}, {"ok": False, "error_code": 400, "description": "Bad Request: group chat was upgraded",
                        "parameters": {"migrate_to_chat_id": -1009876543210}}),
             (502, {}, "")]
    BROKEN = [(401, {}, {"ok": False, "error_code": 401, "description": "Unauthorized"}),
              (403, {}, {"ok": False, "error_code": 403, "description": "Forbidden: bot was kicked"}),
              (400, {}, {"ok": False, "error_code": 400, "description": "Bad Request: chat not found"})]
    REJECT = [(400, {}, {"ok": False, "error_code": 400, "description": "Bad Request: can't parse entities"})]
    CHATS = (-1001234567890, -1009876543210)

    def __init__(self, server):
        super().__init__(server)
        self.updates = []         # pressed buttons that wait for getUpdates
        self.answered_queries = []

    def press(self, number, first_name):
        """Somebody presses the first button of a message."""
        with self.server.changed:
            markup = self.messages[number]["reply_markup"]["inline_keyboard"]
            self.updates.append({"update_id": 900 + len(self.updates), "callback_query": {
                "id": "4382bfdwdsb323b2d9", "from": {"id": 7, "is_bot": False, "first_name": first_name},
                "message": {"message_id": number, "chat": {"id": self.CHATS[0]}},
                "data": markup[0][0]["callback_data"]}})
            self.server.changed.notify_all()

    def check(self, request):
        p, body = request.problems, request.body or {}
        prefix = "/bot" + self.secrets["token_file"] + "/"
        p.need(request.path.startswith(prefix), "Unauthorized")
        method = request.path.removeprefix(prefix)
        request.api_method = method
        if method in ("getUpdates", "answerCallbackQuery"):
            return
        if not p.need(method in ("sendMessage", "editMessageText"), f"no such method {method}"):
            return
        p.need(body.get("chat_id") in self.CHATS, "chat not found")
        p.need(is_text(body.get("text"), 4096), "text is empty or too long")
        p.need(body.get("parse_mode") == "HTML", "not HTML")
        p.need((method == "editMessageText") == ("message_id" in body), "message_id is for edits")
        for row in (body.get("reply_markup") or {}).get("inline_keyboard", []):
            for button in row:
                p.need(is_text(button.get("text"), 64), "a button has no text")
                data = button.get("callback_data")
                p.need((data is None) != ("url" not in button), "a button is not one of link and callback")
                p.need(data is None or 1 <= len(data.encode()) <= 64, "BUTTON_DATA_INVALID")

    def answer(self, request):
        method = request.path.rsplit("/", 1)[-1]
        if method == "getUpdates":
            return self.poll(request)
        return super().answer(request)

    def poll(self, request):
        """A long poll; the lock is given back while it waits."""
        self.check(request)
        if request.problems:
            return self.refuse(request)
        offset, wait_s = request.body.get("offset", 0), request.body.get("timeout", 0)
        assert request.body.get("allowed_updates") == ["callback_query"]
        fresh = lambda: [u for u in self.updates if u["update_id"] >= offset]
        self.server.changed.wait_for(lambda: fresh() or self.server.stopped, wait_s)
        return 200, {}, {"ok": True, "result": fresh()}

    def accept(self, request):
        if request.api_method == "answerCallbackQuery":
            self.answered_queries.append(request.body)
            return 200, {}, {"ok": True, "result": True}
        number = request.body.get("message_id", 42 + len(self.messages))
        if "message_id" in request.body and number not in self.messages:
            return 400, {}, {"ok": False, "error_code": 400, "description": "Bad Request: message to edit not found"}
        self.messages[number] = request.body
        title = request.body["text"].split("\n")[0].replace("<b>", "").replace("</b>", "")
        self.saw(what_of(title), title)
        return 200, {}, {"ok": True, "result": {"message_id": number, "chat": {"id": request.body["chat_id"]}}}

    def refuse(self, request):
        return 400, {}, {"ok": False, "error_code": 400, "description": "; ".join(request.problems)}


class Pushover(Provider):
    word = "pushover"
    takes_url = True
    secrets = {"token_file": "azGDORePK8gMaC0QOYAMyEEuzJnyUi", "user_file": "uQiRzpo4DXghDmr9QzzfQu27cmVRsG"}
    RETRY = [(429, {"Retry-After": "1"}, {"status": 0, "errors": ["out of quota"]}), (500, {}, "")]
    BROKEN = [(400, {}, {"token": "invalid", "errors": ["application token is invalid"], "status": 0}),
              (400, {}, {"user": "invalid", "errors": ["user identifier is invalid"], "status": 0})]
    REJECT = [(400, {}, {"message": "cannot be blank", "errors": ["message cannot be blank"], "status": 0})]

    def __init__(self, server):
        super().__init__(server)
        self.receipts = {}  # receipt -> what GET answers
        self.polls = []     # when receipts were asked for, s

    def acknowledge(self, receipt, device):
        with self.server.changed:
            self.receipts[receipt].update(acknowledged=1, acknowledged_at=int(time.time()),
                                          acknowledged_by_device=device)

    def check(self, request):
        p, body = request.problems, request.body or {}
        if request.method == "GET":
            p.need(request.query.get("token") == [self.secrets["token_file"]], "application token is invalid")
            p.need(request.path.removeprefix("/1/receipts/").removesuffix(".json") in self.receipts, "receipt not found")
            return
        p.need(body.get("token") == self.secrets["token_file"], "application token is invalid")
        if request.path.endswith("/cancel.json"):
            p.need(request.path.split("/")[3] in self.receipts, "receipt not found")
            return
        p.need(request.path == "/1/messages.json", f"no such path: {request.path}")
        p.need(body.get("user") == self.secrets["user_file"], "user identifier is invalid")
        p.need(is_text(body.get("message"), 1024), "message cannot be blank")
        p.need(is_text(body.get("title"), 250), "title is too long")
        p.need(is_text(body.get("url", ""), 512, 0) and is_text(body.get("url_title", ""), 100, 0), "url is too long")
        p.need(body.get("priority") in (-2, -1, 0, 1, 2), "priority is invalid")
        if body.get("priority") == 2:
            p.need(body.get("retry", 0) >= 30, "retry is under 30")
            p.need(0 < body.get("expire", 0) <= 10800, "expire is over 10800")

    def accept(self, request):
        if request.method == "GET":
            self.polls.append(time.monotonic())
            receipt = request.path.removeprefix("/1/receipts/").removesuffix(".json")
            return 200, {}, self.receipts[receipt] | {"status": 1}
        if request.path.endswith("/cancel.json"):
            self.receipts[request.path.split("/")[3]]["expired"] = 1
            self.saw("cancelled", request.path.split("/")[3])
            return 200, {}, {"status": 1, "request": "r"}
        body, answer = request.body, {"status": 1, "request": "647d2300-702c-4b38-8b2f-d56326ae460b"}
        if body["priority"] == 2:
            answer["receipt"] = f"rLqVuqTRh62UzxtmqiaLzQmVcPgi{len(self.receipts):02d}"
            self.receipts[answer["receipt"]] = {"acknowledged": 0, "acknowledged_at": 0, "expired": 0,
                                                "acknowledged_by": "", "acknowledged_by_device": ""}
        self.saw(what_of(body["title"]), body["title"])
        return 200, {}, answer

    def refuse(self, request):
        return 400, {}, {"status": 0, "errors": list(request.problems)}


ALL = (Alertmanager, PagerDuty, Webhook, Slack, SlackBot, Discord, Teams, Ntfy, Telegram, Pushover, *DESKS)


class Providers(Everybody):
    """All of them behind one port: `with Providers() as them: them.of["slack"].accepted`."""

    def __init__(self, classes=ALL):
        super().__init__(classes)
