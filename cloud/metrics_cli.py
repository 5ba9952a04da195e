"""`throughline metrics …`: files for Prometheus and Grafana, made for the metrics of this version."""

import typer

from cloud.metrics.alerts import rules
from cloud.metrics.dashboard import dashboard

app = typer.Typer(help="Files for Prometheus and Grafana.", no_args_is_help=True)


@app.command("dashboard")
def show_dashboard() -> None:
    """Print the dashboard for Grafana, as JSON to import."""
    typer.echo(dashboard(), nl=False)


@app.command("alerts")
def show_alerts() -> None:
    """Print the rules for Prometheus's alerts."""
    typer.echo(rules(), nl=False)
