"""Mechanisms that a run can do without, so that the checkers are seen to find what they are there for.

Each is what `StageOptions` take, the kinds of fault under which it shows, and the findings of which one is enough.
"""
import dataclasses

# What is set for a database counts for new sessions.
BEGIN_AGAIN = """
select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid();
"""
# Without the order lock numbers come from a sequence, which is not part of the real schema.
UNORDERED = """
create sequence fleet_live.unordered;
select setval('fleet_live.unordered', coalesce((select max(seq) from fleet_log.events), 0) + 1, false);
alter sequence fleet_live.unordered owner to fleet_owner;
alter database fleet set fleet.test_switches = 'no_order_lock';
""" + BEGIN_AGAIN


@dataclasses.dataclass(frozen=True)
class Mechanism:
    stage: dict
    found_as: frozenset
    kinds: frozenset = frozenset()
    words: str = ""


def _mechanism(words, found_as, kinds="", **stage):
    return Mechanism(stage, frozenset(found_as.split()), frozenset(kinds.split()), words)


def _switched(name, words, found_as, kinds=""):
    return _mechanism(words, found_as, kinds, database_switches=name)


MECHANISMS = {
    "order_lock": _mechanism("seq order is commit order", "log_hole log_double never_seen seen_late",
                             prepare=UNORDERED),
    "token_check": _switched("no_token_check", "a token of the past opens nothing", "accepted_after_release accepted_with_old_token"),
    "displacement": _switched("no_displacement", "what lapsed is ended before its files go to another",
                              "held_in_log"),
    "conflict_check": _switched("no_conflict_check", "files that somebody holds are given to nobody else",
                                "held_twice"),
    "claim_check": _switched("no_claim_check", "what somebody has is given to nobody else", "given_twice"),
    "idempotency": _switched("no_idempotency", "the same key does its work once", "done_twice answers_differ"),
    "fold": _switched("no_fold", "each event is folded in its own transaction",
                      "projection mail_not_shown unread_wrong"),
    "catch_up": _mechanism("what was notified while nobody listened is read", "never_seen", "listeners_killed",
                           daemon_switches="no_catch_up"),
    "flush": _mechanism("acknowledged is on the disk", "lost moved", "server_crashed", standby=False,
                        prepare="alter database fleet set synchronous_commit = off;" + BEGIN_AGAIN),
    "synchronous_replication": _mechanism("acknowledged is on both servers", "lost moved", "standby_promoted",
                                          synchronous=False),
}
