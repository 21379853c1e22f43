"""One seed from beginning to end: plan, stage, faults, findings."""
import dataclasses
import pathlib

from lab import checkers, schedule
from lab.conductor import Conductor
from lab.report import Tally
from lab.stage import Stage, StageOptions
from lab.switches import MECHANISMS


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
    kinds, standby = options.only, True
    if options.without:
        mechanism = MECHANISMS[options.without]
        standby = mechanism.stage.get("standby", True)
        # The kinds under which the lack of it shows, if it does not show by itself.
        kinds = mechanism.kinds & kinds or kinds
    return schedule.draw_schedule(seed, host_names(options.hosts), options.seconds, kinds, standby)


def stage_options(plan, options):
    stepped = {fault.target for fault in plan if fault.kind == "clock_stepped"}
    if any(fault.kind == "server_clock_stepped" for fault in plan):
        stepped |= {"a", "b"}
    stage = StageOptions(hosts=options.hosts, namespaces=False if options.no_namespaces else None,
                         stepped=tuple(sorted(stepped)))
    return dataclasses.replace(stage, **MECHANISMS[options.without].stage) if options.without else stage


def check(folder):
    """What the checkers say of a folder, as sentences."""
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
        name = f"seed-{seed}" + (f"-without-{options.without}" if options.without else "")
        kept = stage.keep(name) if findings or options.keep else None
    return Outcome(findings, tally, kept)


def play_words(options):
    """The arguments of a run, its seed left out."""
    words = ["--hosts", str(options.hosts), "--seconds", str(options.seconds)]
    if options.only != schedule.KINDS:
        words += ["--only", ",".join(sorted(options.only))]
    if options.without:
        words += ["--without", options.without]
    if options.no_namespaces:
        words.append("--no-namespaces")
    if options.schedule:
        words += ["--schedule", str(options.schedule)]
    return words


def replay_words(seed, options):
    return " ".join(["tests/faults/run", "--seed", str(seed), *play_words(options)])
