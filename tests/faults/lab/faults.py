"""What each kind of fault does. A fault is a generator: what it yields is waited for, others go on meanwhile."""
import signal
import subprocess

from lab.postgres import SqlFailed
from lab.processes import Broken
from lab.waiting import now_us


def after(seconds):
    due = now_us() + int(seconds * 1_000_000)
    return lambda: now_us() >= due


def within(holds, seconds):
    """Until it holds, at most so long."""
    late = after(seconds)
    return lambda: late() or holds()


class Effect:
    """What a fault did, for the record. `took` stays False for one that met nothing that it could break."""

    def __init__(self):
        self.took = False
        self.note = ""

    def happened(self, note=""):
        self.took = True
        self.note = note


# Hosts


def daemon_killed(stage, fault, effect):
    host = stage.hosts[fault.target]
    host.kill()
    effect.happened()
    yield after(fault.seconds)
    host.start()
    # It counts as broken until it is back: the next fault is to meet a daemon.
    yield within(host.ready, 10)


def daemon_frozen(stage, fault, effect):
    host = stage.hosts[fault.target]
    host.freeze()
    effect.happened()
    yield after(fault.seconds)
    host.thaw()


def host_frozen(stage, fault, effect):
    host = stage.hosts[fault.target]
    host.freeze()
    host.signal_agents(signal.SIGSTOP)
    effect.happened()
    yield after(fault.seconds)
    host.thaw()
    host.signal_agents(signal.SIGCONT)


def lost_hosts(stage):
    try:
        return stage.primary.rows("select count(*) as n from fleet_log.events where type = 'host_left' "
                                  "and data ->> 'reason' = 'lost'", limit=5)[0]["n"]
    except SqlFailed:
        return 0


def host_lost(stage, fault, effect):
    """Its agents live on; its daemon is gone so long that the others give its work back."""
    host = stage.hosts[fault.target]
    before = lost_hosts(stage)
    host.kill()
    yield after(fault.seconds)
    if lost_hosts(stage) > before:
        effect.happened("declared lost")
    host.start()
    yield within(host.ready, 10)


def host_cut_off(stage, fault, effect):
    """Daemon and agents live on and believe in what they hold; the others give it back meanwhile."""
    before = lost_hosts(stage)
    stage.network.cut(fault.target)
    yield after(fault.seconds)
    if lost_hosts(stage) > before:
        effect.happened("declared lost")
    stage.network.heal(fault.target)


def host_frozen_long(stage, fault, effect):
    """A frozen process keeps its lock and its connections: it is lost all the same, and comes back to find out."""
    host = stage.hosts[fault.target]
    before = lost_hosts(stage)
    host.freeze()
    host.signal_agents(signal.SIGSTOP)
    yield after(fault.seconds)
    if lost_hosts(stage) > before:
        effect.happened("declared lost")
    host.thaw()
    host.signal_agents(signal.SIGCONT)


def agents_killed(stage, fault, effect):
    host = stage.hosts[fault.target]
    host.agents.kill()
    effect.happened()
    yield after(fault.seconds)
    host.start_agents_again()


def clock_stepped(stage, fault, effect):
    if not stage.clocks or fault.target not in stage.clocks.nodes:
        effect.note = "no libfaketime here"
        return
    stage.clocks.step(fault.target, fault.detail["step"])
    effect.happened()
    yield after(fault.seconds)
    stage.clocks.step(fault.target, 0)


# Links


def link_cut(stage, fault, effect):
    stage.network.cut(fault.target)
    effect.happened()
    yield after(fault.seconds)
    stage.network.heal(fault.target)


def link_cut_one_way(stage, fault, effect):
    stage.network.cut(fault.target, way=fault.detail["way"])
    effect.happened()
    yield after(fault.seconds)
    stage.network.heal(fault.target)


def link_delayed(stage, fault, effect):
    if not stage.network.is_proxied(fault.target):
        effect.note = "its link has no proxy"
        return
    stage.network.delay(fault.target, fault.detail["ms"])
    effect.happened()
    yield after(fault.seconds)
    stage.network.heal(fault.target)


def link_half_open(stage, fault, effect):
    connections = stage.network.half_open(fault.target, fault.detail["side"])
    if connections:
        effect.happened(f"{connections} connections")
    yield after(fault.seconds)
    stage.network.heal(fault.target)


# Sessions


def ended(stage, which):
    """Ends sessions of the daemons; how many."""
    try:
        return int(stage.primary.value(
            "select count(*) filter (where pg_terminate_backend(pid)) from pg_stat_activity "
            f"where datname = 'fleet' and pid <> pg_backend_pid() and application_name ~ '{which}'", limit=5))
    except SqlFailed:
        return 0


def listeners_killed(stage, fault, effect):
    yield after(0)
    count_ended = ended(stage, "^fleetd/.*/listen$")
    if count_ended:
        effect.happened(f"{count_ended} listeners")


def backends_killed(stage, fault, effect):
    yield after(0)
    which = {"writer": "^fleetd/.*/writer$", "beacon": "^fleetd/.*/beacon$", "all": "^fleetd/"}
    count_ended = ended(stage, which[fault.detail["duty"]])
    if count_ended:
        effect.happened(f"{count_ended} sessions")


def reader_held(stage, fault, effect):
    """An old snapshot: it must neither be disturbed nor disturb anybody. It counts what it sees twice."""
    words = [*stage.primary.psql_words("fleet")]
    try:
        reader = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                  text=True, env={**stage.environment, "PGCONNECT_TIMEOUT": "3"})
    except OSError as failure:
        raise Broken(str(failure)) from failure
    look = "select count(*), max(seq) from fleet_log.events;\n"
    try:
        reader.stdin.write("begin isolation level repeatable read;\n" + look)
        reader.stdin.flush()
        yield after(fault.seconds)
        said, complaint = reader.communicate(look + "commit;\n", timeout=20)
    except (BrokenPipeError, subprocess.TimeoutExpired):
        effect.note = "its server went away"
        return
    finally:
        reader.kill()
    lines = said.split()
    if len(lines) != 2:
        effect.note = f"its server went away: {complaint.strip()[-120:]}"
    elif lines[0] != lines[1]:
        raise Finding(f"a snapshot changed: {lines[0]}, then {lines[1]}")
    else:
        effect.happened(f"count|head {lines[0]}")


class Finding(Exception):
    """A fault that saw with its own eyes what must not be."""


# Servers


def server_crashed(stage, fault, effect):
    server = stage.primary
    if fault.detail["how"] == "kill":
        server.kill()
    else:
        server.crash()
    effect.happened()
    yield after(fault.seconds)
    server.start()
    yield within(server.answers, 30)


def server_frozen(stage, fault, effect):
    server = stage.primary
    server.freeze()
    effect.happened()
    yield after(fault.seconds)
    server.thaw()


def replication_cut(stage, fault, effect):
    """Nothing is acknowledged while the one who has to confirm it hears nothing."""
    if not stage.follows:
        effect.note = "nobody follows"
        return
    name = stage.standby.name
    stage.network.cut(name, peers=[stage.primary.name])
    effect.happened()
    yield after(fault.seconds)
    stage.network.heal(name)
    yield within(stage.is_followed, 15)


def disk_full(stage, fault, effect):
    server = stage.primary
    server.fill()
    effect.happened()
    yield after(fault.seconds)
    server.make_room()
    # A server that could not write its log has ended.
    yield within(lambda: not server.running() or server.answers(), 5)
    if not server.answers():
        effect.happened("the server had to be started again")
        server.kill()
        server.start()
        yield within(server.answers, 30)


def standby_promoted(stage, fault, effect):
    if not stage.follows:
        effect.note = "nobody follows"
        return
    old, new = stage.primary, stage.standby
    if fault.detail["old"] == "frozen":
        old.freeze()
    else:
        old.crash()
    yield after(fault.seconds)
    stage.follows = False
    new.wait_for_copies(False)
    new.promote()
    yield within(new.is_primary, 30)
    if not new.is_primary():
        raise Broken(f"the standby is not promoted:\n{new.child.tail()}")
    stage.primary, stage.standby = new, None
    effect.happened(f"{new.name} is primary")
    yield after(1.0)
    # Whoever keeps servers shoots the old one before it may come back.
    old.kill()
    copy = old.start_copy(new)
    yield lambda: not copy.running()
    if copy.status() != 0:
        effect.note += "; the old one was not copied anew"
        return
    old.become_standby(new)
    old.start()
    stage.standby = old
    yield within(stage.is_followed, 30)
    if stage.is_followed():
        stage.follow()


ACTS = {act.__name__: act for act in (
    daemon_killed, daemon_frozen, host_frozen, host_frozen_long, host_lost, host_cut_off, agents_killed, clock_stepped,
    link_cut, link_cut_one_way, link_delayed, link_half_open, listeners_killed, backends_killed, reader_held, server_crashed, server_frozen,
    replication_cut, disk_full, standby_promoted)}
