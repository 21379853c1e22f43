"""What goes wrong when: drawn from a seed, without looking at anything else, so that a seed can be played again."""
import dataclasses
import json
import random

# Kinds that break the servers or what lies between them: one at a time, or nothing would ever be acknowledged.
SERVERS = {"server_crashed", "server_frozen", "server_clock_stepped", "standby_promoted", "replication_cut", "disk_full"}
# Kinds that break one host: one at a time for each host.
HOSTS = {"daemon_killed", "daemon_frozen", "host_frozen", "host_frozen_long",
         "host_lost", "host_cut_off", "agents_killed", "link_cut", "link_cut_one_way", "link_delayed",
         "link_half_open", "clock_stepped"}
# Kinds that may come at any time.
FREE = {"listeners_killed", "backends_killed", "reader_held"}
KINDS = SERVERS | HOSTS | FREE
NEED_STANDBY = {"standby_promoted", "replication_cut"}

# How often, and how many seconds it lasts. After `rest` seconds more the next one of its group may come.
FREQUENT = {
    "daemon_killed": (10, (0.0, 1.5)),
    "daemon_frozen": (6, (0.5, 4.0)),
    "host_frozen": (5, (1.0, 5.0)),
    "host_frozen_long": (2, (34.0, 36.0)),
    "host_lost": (2, (14.0, 15.0)),
    "host_cut_off": (3, (14.0, 16.0)),
    "agents_killed": (5, (0.0, 1.0)),
    "link_cut": (6, (0.5, 5.0)),
    "link_cut_one_way": (4, (0.5, 4.0)),
    "link_delayed": (5, (2.0, 5.0)),
    "link_half_open": (6, (3.0, 6.0)),
    "clock_stepped": (4, (1.0, 3.0)),
    "listeners_killed": (5, (0.0, 0.0)),
    "backends_killed": (5, (0.0, 0.0)),
    "reader_held": (3, (4.0, 10.0)),
    "server_crashed": (6, (0.2, 2.0)),
    "server_frozen": (4, (0.5, 4.0)),
    "server_clock_stepped": (2, (2.0, 5.0)),
    "standby_promoted": (6, (0.0, 1.0)),
    "replication_cut": (4, (0.5, 3.0)),
    "disk_full": (4, (1.0, 3.0)),
}
REST = {"servers": 3.0, "host": 1.0, "free": 0.0}
BEGIN = 1.5  # seconds in which the agents find their feet
MEAN_GAP = 1.1
# What a host that was lost comes back to needs time to be seen.
TAIL = 1.0


@dataclasses.dataclass
class Fault:
    n: int
    at: float  # seconds after the start
    kind: str
    target: str  # a host, "primary", "standby" or "daemons"
    seconds: float  # how long it lasts
    detail: dict  # what else was drawn

    def text(self):
        more = "".join(f" {key}={value}" for key, value in self.detail.items())
        return f"{self.at:6.2f} s  {self.kind:17} {self.target:8} for {self.seconds:.2f} s{more}"

    def line(self):
        return json.dumps(dataclasses.asdict(self))


def read(lines):
    return [Fault(**json.loads(line)) for line in lines if line.strip()]


def group_of(kind, target):
    if kind in SERVERS:
        return "servers"
    return target if kind in HOSTS else None


def draw_target(draw, kind, hosts):
    if kind in SERVERS:
        return "primary"
    if kind in FREE:
        return "daemons"
    if kind == "link_delayed":
        # Only links through a proxy can be slow: those of hosts with an even number.
        return draw.choice([host for host in hosts if int(host[1:]) % 2 == 0] or hosts[:1])
    if kind == "host_cut_off":
        # Behind a proxy the server's side of a connection lives on, and with it the host's lock: see host_frozen_long.
        return draw.choice([host for host in hosts if int(host[1:]) % 2 == 1])
    return draw.choice(hosts)


def draw_detail(draw, kind):
    if kind == "standby_promoted":
        # How the old primary goes: at once, or hanging with all its connections.
        return {"old": draw.choice(["crashed", "frozen"]), "lag": draw.choice([0, 0, 0.5, 1.5])}
    if kind == "link_half_open":
        return {"side": draw.choice(["server", "client"])}
    if kind == "link_cut_one_way":
        return {"way": draw.choice(["in", "out"])}
    if kind == "link_delayed":
        return {"ms": draw.choice([5, 20, 80, 250])}
    if kind == "clock_stepped":
        return {"step": draw.choice([-3600, -40, -5, 5, 40, 3600])}
    if kind == "server_clock_stepped":
        return {"step": draw.choice([-600, -40, -5, 5, 40, 600])}
    if kind == "server_crashed":
        return {"how": draw.choice(["immediate", "kill"])}
    if kind == "backends_killed":
        return {"duty": draw.choice(["writer", "beacon", "all"])}
    return {}


def draw_schedule(seed, hosts, seconds, kinds=KINDS, standby=True):
    """`hosts`: their names. Kinds that need what a run does not have are left out by the caller."""
    draw = random.Random(f"schedule {seed}")
    kinds = sorted(kinds - (set() if standby else NEED_STANDBY))
    if not kinds:
        return []
    free_at = {}
    faults = []
    at = BEGIN
    while at < seconds - TAIL:
        # Every draw is made whatever is then done with it: the seed alone decides.
        kind = draw.choices(kinds, [FREQUENT[kind][0] for kind in kinds])[0]
        target = draw_target(draw, kind, hosts)
        length = draw.uniform(*FREQUENT[kind][1])
        detail = draw_detail(draw, kind)
        group = group_of(kind, target)
        fits = at + length < seconds + 2 and free_at.get(group, 0) <= at
        if fits:
            faults.append(Fault(len(faults) + 1, round(at, 2), kind, target, round(length, 2), detail))
            rest = REST["servers"] if kind in SERVERS else REST["host"] if kind in HOSTS else REST["free"]
            if group:
                free_at[group] = at + length + rest
        at += draw.expovariate(1 / MEAN_GAP) if fits else 0.2
    return faults
