"""One pilot: rounds drawn from the seed, each a small piece of real work with its mistakes."""
import dataclasses

from lab import agents_mail
from lab.agents_paths import PATTERNS, path_in

OLD_MAX = 12            # tokens of the past that a pilot tries now and then
SHORT_LEASE = 1         # seconds: to lapse during a nap
LEASES = (2, 3, 5, 20)  # seconds
NAP = (1.2, 2.6)        # seconds without a sign of life


@dataclasses.dataclass
class Lease:
    kind: str
    id: str
    token: int
    path: str = ""

    @property
    def fence(self):
        return {"kind": self.kind, "id": self.id, "token": self.token}


class Pilot:
    def __init__(self, client):
        self.client = client
        self.random = client.random
        self.old = []      # leases that ended, or were left to themselves
        self.others = []   # callsigns to write to
        self.rounds = 0

    def run(self):
        client = self.client
        while not client.control.stop():
            if self._arrive():
                break
        while not client.control.stop():
            self.rounds += 1
            self._round()
            client.control.pause(self.random.random() * 0.05)
        agents_mail.read_all(self)

    def _arrive(self):
        body = {"callsign": self.client.callsign, "program": "lab", "model": "none", "resume": True}
        # The name is registered, not taken on: nobody acts as a pilot that is not there yet.
        return self.client.write("pilots.register", "/pilots", body).ok

    def _round(self):
        choices = ((18, self.append), (26, self.files), (8, self.try_old), (16, self.sortie), (12, self.order),
                   (6, self.plan), (9, self.send), (8, self.inbox), (1, self.nap))
        acts = [act for _, act in choices]
        self.random.choices(acts, weights=[weight for weight, _ in choices])[0]()

    def chance(self, percent):
        return self.random.random() * 100 < percent

    def nap(self):
        self.client.control.pause(self.random.uniform(*NAP))

    # Facts -------------------------------------------------------------------------------------------------------

    def append(self):
        key = self.client.key()
        events = [{"type": "x.made", "data": {"call": key, "n": n}} for n in range(1 + self.random.randrange(3))]
        self.client.write("events.append_batch", "/events/batch", {"events": events}, key=key)

    # Files -------------------------------------------------------------------------------------------------------

    def files(self):
        key = self.client.key()
        patterns = sorted({self.random.choice(PATTERNS) for _ in range(1 + self.chance(25))})
        lapses = self.chance(12)
        body = {"patterns": patterns, "mode": "shared" if self.chance(20) else "exclusive", "reason": key,
                "ttl_seconds": SHORT_LEASE if lapses else self.random.choice(LEASES)}
        if self.chance(20):
            body["wait_seconds"] = 1
        answer = self.client.write("reservations.reserve", "/reservations", body, key=key)
        if not answer.ok or answer.body.get("outcome") != "granted":
            return
        lease = Lease("reservation", answer.body["reservation_id"], answer.body["token"], path_in(patterns[0]))
        self.check(lease)
        if lapses:
            self.keep(lease)
            return self.nap()
        if self.chance(30):
            self.extend(lease)
        if self.chance(25):
            self.client.control.pause(self.random.random() * 0.3)
        if self.chance(6):
            return self.keep(lease)  # forgotten: only its end frees the files
        if self.release(lease) and self.chance(50):
            self.keep(lease)

    def keep(self, lease):
        self.old = (self.old + [lease])[-OLD_MAX:]

    def check(self, lease):
        self.client.read("files.check", "POST", "/files/check", {"paths": [lease.path], "token": lease.token})

    def extend(self, lease):
        body = {"ttl_seconds": self.random.choice(LEASES)}
        return self.client.write("reservations.extend", f"/reservations/{lease.id}/extend", body, lease.fence).ok

    def release(self, lease):
        return self.client.write("reservations.release", f"/reservations/{lease.id}/release", {}, lease.fence).ok

    def try_old(self):
        """A token of the past must open nothing; of what merely lapsed it is good as long as nobody came."""
        if not self.old:
            return self.files()
        lease = self.old.pop(self.random.randrange(len(self.old)))
        if lease.kind == "reservation":
            self.check(lease)
            if (self.extend(lease) if self.chance(60) else self.release(lease)) and self.chance(50):
                self.keep(lease)
        elif lease.kind == "sortie":
            self.act_on_sortie("complete", lease, {"summary": "late", "files_touched": []})
        else:
            self.complete_order(lease)

    # Sorties -----------------------------------------------------------------------------------------------------

    def sortie(self):
        answer = self.client.write("sorties.claim_next", "/sorties/claim", {"lease_seconds": 3})
        if not answer.ok:
            return self.plan_sortie() if answer.code == "nothing_ready" else None
        lease = Lease("sortie", answer.body["sortie_id"], answer.body["token"])
        if not self.act_on_sortie("start", lease, {}):
            return
        for percent in range(self.random.randrange(2)):
            self.act_on_sortie("progress", lease, {"percent": 40 + percent})
        fate = self.random.random() * 100
        if fate < 6:
            self.keep(lease)  # left behind: its lease will end
        elif fate < 12:
            self.act_on_sortie("return", lease, {})
            self.keep(lease)
        elif fate < 20:
            self.act_on_sortie("fail", lease, {"error": {"kind": "lab", "message": "drawn"}})
        else:
            self.act_on_sortie("complete", lease, {"summary": "done", "files_touched": []})
            if self.chance(10):
                self.keep(lease)

    def act_on_sortie(self, verb, lease, body):
        key = self.client.key()
        if verb == "progress":
            body = {**body, "message": key}
        return self.client.write(f"sorties.{verb}", f"/sorties/{lease.id}/{verb}", body, lease.fence, key=key).ok

    def plan(self):
        return self.plan_sortie() if self.chance(50) else self.plan_order()

    def plan_sortie(self):
        key = self.client.key()
        self.client.write("sorties.create", "/sorties", {"title": key, "max_attempts": 9}, key=key)

    # Work orders -------------------------------------------------------------------------------------------------

    def order(self):
        body = {"lease_seconds": 3, "limit": 1 + self.chance(20)}
        answer = self.client.write("work_orders.claim", "/work-orders/claim", body)
        orders = answer.body.get("orders") or []
        if answer.ok and not orders:
            return self.plan_order()
        for order in orders:
            lease = Lease("work_order", order["work_order_id"], order["token"])
            if self.chance(8):
                self.keep(lease)
            elif self.chance(10):
                body = {"error": {"kind": "lab", "message": "drawn"}, "retry_in_seconds": 1}
                self.client.write("work_orders.fail", f"/work-orders/{lease.id}/fail", body, lease.fence)
            else:
                self.complete_order(lease)
                if self.chance(10):
                    self.keep(lease)

    def complete_order(self, lease):
        self.client.write("work_orders.complete", f"/work-orders/{lease.id}/complete", {"result": {}}, lease.fence)

    def plan_order(self):
        key = self.client.key()
        body = {"kind": "job", "payload": {"call": key}, "max_attempts": 9}
        self.client.write("work_orders.enqueue", "/work-orders", body, key=key)

    # Mail --------------------------------------------------------------------------------------------------------

    def send(self):
        agents_mail.send(self)

    def inbox(self):
        agents_mail.read_some(self)
