"""One seed from beginning to end: plan, stage, faults, findings."""
import dataclasses
import pathlib

from lab import schedule
from lab.conductor import Conductor
from lab.report import Tally
from lab.stage import Stage, StageOptions


@dataclasses.dataclass
class Outcome:
    findings: list
    tally: Tally
    folder: pathlib.Path | None  # where it was kept


def host_names(count):
    return [f"h{i + 1}" for i in range(count)]


def plan_of(seed, options):
    if options.schedule:
        return schedule.read(options.schedule.read_text(encoding="utf-8").splitlines())
    return schedule.draw_schedule(seed, host_names(options.hosts), options.seconds, options.only)


def stage_options(plan, options):
    stepped = {fault.target for fault in plan if fault.kind == "clock_stepped"}
    stage = StageOptions(hosts=options.hosts, namespaces=False if options.no_namespaces else None,
                         stepped=tuple(sorted(stepped)))
    if options.without:
        from lab.switches import MECHANISMS
        stage = dataclasses.replace(stage, **MECHANISMS[options.without])
    return stage


def check(folder):
    """What the checkers say of a folder, as sentences."""
    from lab import checkers
    return checkers.check(folder).sentences()


def play(seed, plan, options):
    tally = Tally()
    with Stage(stage_options(plan, options), seed) as stage:
        stage.start_agents()
        conductor = Conductor(stage, plan, verbose=options.verbose)
        findings = conductor.run(options.seconds)
        findings += stage.finish()
        findings += check(stage.folder)
        tally.add_run(stage.folder, options.seconds)
        kept = stage.keep(f"seed-{seed}") if findings or options.keep else None
    return Outcome(findings, tally, kept)


def replay_words(seed, options):
    words = ["tests/faults/run", "--seed", str(seed), "--hosts", str(options.hosts), "--seconds", str(options.seconds)]
    if options.only != schedule.KINDS:
        words += ["--only", ",".join(sorted(options.only))]
    if options.without:
        words += ["--without", options.without]
    if options.no_namespaces:
        words.append("--no-namespaces")
    return " ".join(words)
