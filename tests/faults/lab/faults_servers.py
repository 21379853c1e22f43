"""Faults of the servers and of what lies between them."""
from lab.effects import after, within
from lab.processes import Broken


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


def server_clock_stepped(stage, fault, effect):
    """Leases are the server's to time: they lapse early or late, but nobody may get what somebody else has."""
    server = stage.primary
    if not stage.clocks or server.name not in stage.clocks.nodes:
        effect.note = "no libfaketime here"
        return
    stage.clocks.step(server.name, fault.detail["step"])
    effect.happened()
    yield after(fault.seconds)
    stage.clocks.step(server.name, 0)


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
    if fault.detail["lag"]:
        # The standby falls behind first: what it has not got must not have been acknowledged.
        stage.network.cut(new.name, peers=[old.name])
        yield after(fault.detail["lag"])
    if fault.detail["old"] == "frozen":
        old.freeze()
    else:
        old.crash()
    yield after(fault.seconds)
    stage.follows = False
    stage.network.heal(new.name)
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
    server_crashed, server_frozen, server_clock_stepped, replication_cut, disk_full, standby_promoted)}
