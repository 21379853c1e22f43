"""Everything that must hold after a run, whatever was broken in it.

usage: python3 -m lab.checkers FOLDER
"""
import sys

from lab import checkers_claims, checkers_files, checkers_log, checkers_mail, checkers_subscribers
from lab.evidence import read_evidence
from lab.findings import Findings

CHECKERS = (
    checkers_log.check_order, checkers_log.check_projections, checkers_log.check_acknowledged, checkers_log.check_once,
    checkers_log.check_answers, checkers_subscribers.check_subscribers, checkers_files.check_log,
    checkers_files.check_holds, checkers_claims.check_claims, checkers_mail.check_mail,
)
# Refusals that say that somebody else was faster: what the mechanisms under test are there for.
CONFLICTS = ("reservation_held", "wait_ended", "deadlock", "stale_token", "transition_refused", "forbidden")


def count_calls(evidence, findings):
    counts = findings.counts
    for call in evidence.calls:
        if call.key is None:
            counts["reads answered"] += call.ok
            continue
        counts["acknowledged" if call.ok else call.outcome] += 1
        counts["conflicts"] += call.outcome == "refused" and call.code in CONFLICTS
        counts["stale tokens refused"] += call.code == "stale_token"
    counts["repeated"] += sum(len(attempts) > 1 for attempts in evidence.attempts.values())
    counts["events in the log"] += len(evidence.log)


def check_evidence(evidence):
    findings = Findings()
    count_calls(evidence, findings)
    for check in CHECKERS:
        check(evidence, findings)
    return findings


def check(folder):
    return check_evidence(read_evidence(folder))


def main(words):
    findings = check(words[0])
    print(", ".join(f"{count} {name}" for name, count in sorted(findings.counts.items())))
    if not findings.clean:
        print(findings.text())
    return 0 if findings.clean else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
