"""Faults of hosts, links and sessions. A fault is a generator: what it yields is waited for, others go on meanwhile."""
import signal
import subprocess

from lab.effects import Finding, after, within
from lab.postgres import SqlFailed
from lab.processes import Broken


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
    if stage.primary.frozen:
        return 0
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
    if stage.primary.frozen:
        return 0
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
    look = "select count(*), max(seq) from fleet_log.events;\n"
    said = stage.folder / f"reader-{fault.n}"
    with open(said, "w", encoding="utf-8") as out:
        reader = subprocess.Popen(stage.primary.psql_words("fleet"), stdin=subprocess.PIPE, stdout=out, stderr=out,
                                  text=True, env={**stage.environment, "PGCONNECT_TIMEOUT": "3"})
    try:
        reader.stdin.write("begin isolation level repeatable read;\n" + look)
        reader.stdin.flush()
        yield after(fault.seconds)
        reader.stdin.write(look + "commit;\n")
        reader.stdin.close()
        # Its server may be frozen just now; the one who thaws it must not wait for us.
        yield within(lambda: reader.poll() is not None, 20)
    except BrokenPipeError:
        pass
    finally:
        reader.kill()
        reader.wait()
    lines = said.read_text(encoding="utf-8").split()
    if len(lines) != 2:
        effect.note = "its server went away"
    elif lines[0] != lines[1]:
        raise Finding(f"a snapshot changed: {lines[0]}, then {lines[1]}")
    else:
        effect.happened(f"count|head {lines[0]}")


ACTS = {act.__name__: act for act in (
    daemon_killed, daemon_frozen, host_frozen, host_frozen_long, host_lost, host_cut_off, agents_killed, clock_stepped,
    link_cut, link_cut_one_way, link_delayed, link_half_open, listeners_killed, backends_killed, reader_held)}
