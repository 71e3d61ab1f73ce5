"""desks - phones and the desks that take alerts, as strict as they are: Twilio, Opsgenie, Jira Service
Management, GoAlert (see provider.py and providers.py)."""

import base64
import re
import xml.etree.ElementTree as ElementTree
from datetime import datetime, timezone

from provider import Provider, is_text, is_url, what_of

GSM = set("@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
          "abcdefghijklmnopqrstuvwxyzäöñüà")
GSM_ESCAPED = set("^{}\\[~]|€")
PHONE = re.compile(r"\+[1-9]\d{6,14}")


def septets(text):
    """In the alphabet of GSM 03.38; None if a character is not in it."""
    if not set(text) <= GSM | GSM_ESCAPED:
        return None
    return sum(2 if c in GSM_ESCAPED else 1 for c in text)


class Twilio(Provider):
    takes_url = True
    account = "AC0123456789abcdef0123456789abcdef"
    keys = {"account": account, "from": "+15005550006", "to": "+441632960001"}
    secrets = {"token_file": "b6a1d35f0b7c4b1e9a0f3c2d1e0f9a8b"}
    RETRY = [(429, {"Retry-After": "1"}, {"code": 20429, "message": "Too Many Requests", "status": 429}),
             (400, {}, {"code": 21611, "message": "queue is full", "status": 400}), (500, {}, "")]
    BROKEN = [(401, {}, {"code": 20003, "message": "Authenticate", "status": 401}),
              (400, {}, {"code": 21211, "message": "Invalid 'To' Phone Number", "status": 400}),
              (400, {}, {"code": 21610, "message": "Attempt to send to unsubscribed recipient", "status": 400})]
    REJECT = [(400, {}, {"code": 21617, "message": "The concatenated message body exceeds 1600", "status": 400})]
    resource = ""

    def check(self, request):
        p, form = request.problems, request.body or {}
        login = f"{self.account}:{self.secrets['token_file']}".encode()
        p.need(request.headers.get("Authorization") == "Basic " + base64.b64encode(login).decode(), "wrong login")
        p.need(request.method == "POST", "not a POST")
        p.need(request.path == f"/2010-04-01/Accounts/{self.account}/{self.resource}.json", f"no path {request.path}")
        p.need(request.headers.get("Content-Type") == "application/x-www-form-urlencoded", "not a form")
        p.need(all(len(values) == 1 for values in form.values()), "a field stands twice")
        for name in ("To", "From"):
            p.need(PHONE.fullmatch(form.get(name, [""])[0]), f"{name} is not E.164")

    def hear(self, text):
        """As people read it: the first words are the state."""
        head, _, rest = text.partition(" ")
        title = f"[{head}] {rest}"
        self.saw(what_of(title), title)

    def refuse(self, request):
        return 400, {}, {"code": 21602, "message": "; ".join(request.problems), "status": 400}


class TwilioSms(Twilio):
    word = "twilio_sms"
    resource = "Messages"

    def check(self, request):
        super().check(request)
        p, form = request.problems, request.body or {}
        p.need(set(form) == {"To", "From", "Body", "ValidityPeriod"}, f"fields are {sorted(form)}")
        p.need(1 <= int(form.get("ValidityPeriod", ["0"])[0]) <= 36000, "ValidityPeriod")
        length = septets(form.get("Body", [""])[0])
        p.need(length is not None, "a character turns this into UCS-2")
        p.need(length is None or 0 < length <= 160, f"{length} septets are not one segment")

    def accept(self, request):
        self.hear(request.body["Body"][0])
        return 201, {}, {"sid": "SM0123456789abcdef0123456789abcdef", "status": "queued"}


class TwilioVoice(Twilio):
    word = "twilio_voice"
    resource = "Calls"

    def check(self, request):
        super().check(request)
        p, form = request.problems, request.body or {}
        p.need(set(form) == {"To", "From", "Twiml", "Timeout"}, f"fields are {sorted(form)}")
        twiml = form.get("Twiml", [""])[0]
        p.need(len(twiml) <= 4000, "Twiml is over 4000 characters")
        try:
            root = ElementTree.fromstring(twiml)
        except ElementTree.ParseError as error:
            p.need(False, f"Twiml: {error}")
            return
        p.need(root.tag == "Response", "Twiml is no Response")
        p.need({e.tag for e in root.iter()} <= {"Response", "Gather", "Say", "Pause"}, "a verb nobody knows")
        p.need(all(e.text for e in root.iter("Say")) and list(root.iter("Say")), "nothing is said")
        p.need(all(is_url(e.get("action")) for e in root.iter("Gather")), "Gather without an address")

    def accept(self, request):
        said = next(ElementTree.fromstring(request.body["Twiml"][0]).iter("Say")).text
        self.hear(said.removesuffix("."))
        return 201, {}, {"sid": "CA0123456789abcdef0123456789abcdef", "status": "queued"}


class Opsgenie(Provider):
    word = "opsgenie"
    takes_url = True
    secrets = {"token_file": "eb243592-faa2-4ba2-a551-1afdf565c889"}
    RETRY = [(429, {}, {"message": "You are making too many requests!", "took": 0.0}), (503, {}, "")]
    BROKEN = [(401, {}, {"message": "Could not authenticate", "took": 0.0}),
              (402, {}, {"message": "Your account can not do this action", "took": 0.0}),
              (403, {}, {"message": "Access forbidden", "took": 0.0})]
    REJECT = [(422, {}, {"message": "Request body is not processable", "errors": {"message": "empty"}})]

    def check(self, request):
        p, body = request.problems, request.body or {}
        p.need(request.headers.get("Authorization") == f"GenieKey {self.secrets['token_file']}", "wrong key")
        p.need(request.method == "POST", "not a POST")
        if request.path != "/v2/alerts":
            p.need(re.fullmatch(r"/v2/alerts/[^/]+/(acknowledge|close)", request.path), f"no path {request.path}")
            p.need(request.query == {"identifierType": ["alias"]}, "identifierType is not alias")
            p.need(set(body) <= {"user", "source", "note"}, f"members are {sorted(body)}")
            return
        p.need(is_text(body.get("message"), 130), "message is over 130 characters")
        p.need(is_text(body.get("alias"), 512), "alias")
        p.need(is_text(body.get("description"), 15000), "description")
        p.need(body.get("priority") in ("P1", "P2", "P3", "P4", "P5"), "priority")
        p.need(is_text(body.get("entity"), 512) and is_text(body.get("source"), 100), "entity or source")
        p.need(len(body.get("tags", [])) <= 20 and all(is_text(t, 50) for t in body.get("tags", [])), "tags")
        p.need(all(isinstance(v, str) for v in body.get("details", {}).values()), "a detail is no text")

    def accept(self, request):
        if request.path == "/v2/alerts":
            self.messages[request.body["alias"]] = request.body
            self.saw(what_of(request.body["message"]), request.body["message"])
        else:
            alias = request.path.split("/")[3].replace("%2F", "/")
            if alias not in self.messages:
                return 404, {}, {"message": "Alert does not exist", "took": 0.0}
            self.saw(what_of(request.body["note"]), request.body["note"])
        return 202, {}, {"result": "Request will be processed", "took": 0.3, "requestId": "43a29c5c"}


class Jsm(Opsgenie):
    word = "jsm"


class GoAlert(Provider):
    word = "goalert"
    secrets = {"url_file": "URL/api/v2/generic/incoming?token=4f3a2b1c-0d9e-8f7a"}
    RETRY = [(429, {"Retry-After": "1"}, ""), (502, {}, "")]
    BROKEN = [(401, {}, "unauthorized"), (404, {}, "")]
    REJECT = [(400, {}, "invalid summary")]

    def check(self, request):
        p, body = request.problems, request.body or {}
        p.need(request.path == "/api/v2/generic/incoming", f"no path {request.path}")
        p.need(request.query == {"token": ["4f3a2b1c-0d9e-8f7a"]}, "wrong token")
        p.need(is_text(body.get("summary"), 1024), "summary")
        p.need(is_text(body.get("dedup"), 512), "dedup")
        p.need(is_text(body.get("details", ""), 6144, 0), "details")
        p.need(body.get("action", "close") == "close", "action")
        p.need(all(isinstance(v, str) for v in body.get("meta", {}).values()), "meta is no map of texts")

    def accept(self, request):
        self.saw(what_of(request.body["summary"]), request.body["summary"])
        new = request.body["dedup"] not in self.messages
        self.messages[request.body["dedup"]] = request.body
        return 200, {}, {"AlertID": 10, "ServiceID": "a1b2", "IsNew": new}


class AlertmanagerApi(Provider):
    word = "alertmanager_api"
    takes_url = True
    RETRY = [(500, {}, '"internal"'), (503, {}, "")]
    BROKEN = [(404, {}, "")]
    REJECT = [(400, {}, '"start time must be before end time"')]

    def check(self, request):
        p, alerts = request.problems, request.body
        p.need(request.method == "POST" and request.path == "/api/v2/alerts", f"no path {request.path}")
        if not p.need(isinstance(alerts, list) and len(alerts) == 1, "not a list of one"):
            return
        alert = alerts[0]
        p.need(set(alert) == {"labels", "annotations", "startsAt", "endsAt", "generatorURL"}, f"members {sorted(alert)}")
        for name in ("labels", "annotations"):
            p.need(all(isinstance(v, str) for v in alert[name].values()), f"{name} is no map of texts")
        p.need(alert["labels"].get("alertname"), "at least one label pair required")
        p.need(set(alert["labels"]) == {"alertname", "pool", "severity"}, "labels are the identity")
        p.need(self.ends(alert) >= datetime.fromisoformat(alert["startsAt"]), "ends before it starts")

    @staticmethod
    def ends(alert):
        return datetime.fromisoformat(alert["endsAt"])

    def accept(self, request):
        left_s = (self.ends(request.body[0]) - datetime.now(timezone.utc)).total_seconds()
        summary = request.body[0]["annotations"]["summary"]
        if left_s > 0:
            request.problems.need(200 < left_s <= 241, f"ends in {left_s} s")
        self.saw("firing" if left_s > 0 else "resolved", summary)
        return 200, {}, ""


DESKS = (TwilioSms, TwilioVoice, Opsgenie, Jsm, GoAlert, AlertmanagerApi)
