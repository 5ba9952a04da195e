"""`menu`: composing, menus a second over HTTP, and phones that lie open."""

from contextlib import AbstractContextManager

from cloud.bench import composing, menu_http, menu_live, stand
from cloud.bench.machine import describe
from cloud.bench.options import Bench, Options, Step
from cloud.bench.servers import NOT_FOUND, programs_here
from cloud.bench.stand import Stand
from cloud.file_limit import raise_file_limit

SERVICES = ("work", "api")


def bench(options: Options, step: Step) -> Bench:
    """See the module."""
    raise_file_limit()  # for what is started from here
    programs = programs_here()
    step("composing", 0, 1)
    composed, how = composing.rows(options.runs, lambda: None)
    notes = () if programs else (NOT_FOUND,)

    def started() -> AbstractContextManager[Stand]:
        if programs is None:
            return stand.embedded(SERVICES, menu_live.UNITS)
        return stand.one_server(SERVICES, menu_live.UNITS, programs)

    with started() as here:
        idle = menu_live.idle_on_stand(here, step)
    with started() as here:
        served, method, note = menu_http.on_stand(here, options.runs, step)
        pushed = menu_live.on_stand(here, options.runs, step)
    machine = describe(mosquitto=programs and programs.mosquitto, postgres=programs and programs.postgres)
    live = menu_live.METHOD.format(
        changes=menu_live.CHANGES, few=menu_live.FEW, idle=menu_live.IDLE_PHONES, rest=menu_live.REST_S
    )
    return Bench(
        rows=(*composed, *served, *pushed, idle),
        machine=machine,
        method=f"{how} The rest on {here.name}. {method} {live}",
        notes=(*notes, note),
    )
