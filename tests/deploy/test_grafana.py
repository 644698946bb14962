"""The dashboard as committed: made by its source, without overlaps, asking for what can be parsed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import promql_parser
import pytest
import yaml

from deploy.grafana import dashboard
from deploy.grafana.panel_queries import PanelQuery
from deploy.grafana.panels import DashboardRow, StatPanel, arrange_rows

GRAFANA = Path(__file__).parents[2] / "deploy" / "grafana"
DASHBOARD = dashboard.build_dashboard()
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
BUILT_IN = {"__range"}
COMPOSE = yaml.safe_load((GRAFANA.parent / "compose.yaml").read_text())
SOURCES = {
    each["uid"]: each
    for each in yaml.safe_load((GRAFANA / "provisioning/datasources/datasources.yaml").read_text())[
        "datasources"
    ]
}
(PROVIDER,) = yaml.safe_load((GRAFANA / "provisioning/dashboards/dashboards.yaml").read_text())["providers"]


def expressions() -> Iterator[Any]:
    """Every query of panels and annotations, named by where it stands."""
    for panel in PANELS:
        for target in panel["targets"]:
            yield pytest.param(target["expr"], id=f"{panel['title']} {target['refId']}")
    for each in DASHBOARD["annotations"]["list"]:
        yield pytest.param(each["target"]["expr"], id=each["name"])


def filled_in(expression: str) -> str:
    """An expression with each variable's default in place of its name."""
    chosen = {each["name"]: each["current"]["value"] for each in DASHBOARD["templating"]["list"]}
    values = chosen | dict.fromkeys(BUILT_IN, "15m")
    return re.sub(r"\$(\w+)", lambda found: str(values[found[1]]), expression)


def test_the_committed_file_is_what_its_source_makes() -> None:
    assert dashboard.DASHBOARD_FILE.read_text(encoding="utf-8") == dashboard.format_dashboard(), (
        "run: make dashboard"
    )


@pytest.mark.parametrize("expression", [*expressions()])
def test_each_query_is_promql_once_its_variables_are_filled_in(expression: str) -> None:
    promql_parser.parse(filled_in(expression))


@pytest.mark.parametrize("expression", [*expressions()])
def test_each_query_asks_one_of_the_two_jobs(expression: str) -> None:
    """Otherwise another service in the same Prometheus would be drawn too."""
    metrics = re.findall(r"\b((?:inference|http|process|loadtest)_\w+|up)\{([^}]*)\}", expression)
    assert metrics or "kube_" in expression or expression.startswith("vector")
    assert all(re.match(r'job="(service|loadtest)"', labels) for _, labels in metrics)
    assert not re.search(r"\b(inference|http|process|loadtest)_\w+\b(?!\{)", expression)


def test_replicas_are_those_of_the_service_and_not_of_the_load_test_beside_it() -> None:
    (panel,) = [each for each in PANELS if each["title"] == "Replicas"]
    base = GRAFANA.parent / "kubernetes/base"
    deployment = yaml.safe_load((base / "deployment.yaml").read_text())["metadata"]["name"]
    namespace = yaml.safe_load((base / "kustomization.yaml").read_text())["namespace"]
    (target,) = panel["targets"]
    counted = f'kube_deployment_status_replicas{{namespace="{namespace}", deployment="{deployment}"}}'
    assert target["expr"] == f'sum({counted}) or sum(up{{job="service"}})'


def test_each_panel_says_how_to_read_it_and_in_which_unit() -> None:
    for panel in PANELS:
        defaults = panel["fieldConfig"]["defaults"]
        assert len(panel["description"]) > 40, panel["title"]
        assert defaults["unit"], panel["title"]
        assert defaults["min"] == 0, panel["title"]


def test_each_line_has_a_colour_of_its_own_in_its_panel() -> None:
    """Or the same colour in another dash: client and service, or a value and its limit."""
    for panel in PANELS:
        seen = set()
        for override in panel["fieldConfig"]["overrides"]:
            properties = {each["id"]: each["value"] for each in override["properties"]}
            look = (properties["color"]["fixedColor"], "custom.lineStyle" in properties)
            assert look not in seen, f"{panel['title']}: {look} twice"
            seen.add(look)


def test_no_two_panels_overlap_and_each_has_a_number_of_its_own() -> None:
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])
    for one, other in combinations([panel["gridPos"] for panel in DASHBOARD["panels"]], 2):
        beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        apart = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert beside or apart, (one, other)


def test_a_panel_wider_than_the_grid_is_refused() -> None:
    with pytest.raises(ValueError, match="1 to 24 columns wide, not 25"):
        StatPanel("too wide", "…", "none", [], width=25)


def test_panels_that_do_not_fit_begin_a_new_line() -> None:
    figures = [StatPanel(str(n), "…", "none", [PanelQuery("up", "up")], width=10, height=3) for n in range(3)]
    places = [
        panel["gridPos"] for panel in arrange_rows([DashboardRow("row", figures), DashboardRow("next", [])])
    ]
    assert [(place["x"], place["y"]) for place in places] == [(0, 0), (0, 1), (10, 1), (0, 4), (0, 7)]


def test_the_default_data_source_is_the_one_the_dashboard_asks_first() -> None:
    (first,) = [uid for uid, each in SOURCES.items() if each.get("isDefault")]
    variable = next(each for each in DASHBOARD["templating"]["list"] if each["name"] == "datasource")
    assert variable["current"]["value"] == first
    assert variable["current"]["text"] == SOURCES[first]["name"]
    assert variable["query"] == SOURCES[first]["type"] == "prometheus"


def test_data_sources_are_services_of_the_stack_that_listen_there() -> None:
    """On a port of their own network; which of them is published to the host is another matter."""
    published = {
        (name, str(port).rpartition(":")[2])
        for name, service in COMPOSE["services"].items()
        for port in service.get("ports", [])
    }
    asked = [urlsplit(each["url"]) for each in SOURCES.values()]
    assert {(url.hostname, str(url.port)) for url in asked} <= published


def test_the_stack_shows_the_dashboard_first_to_whoever_comes() -> None:
    grafana = COMPOSE["services"]["grafana"]
    folder = Path(PROVIDER["options"]["path"])
    mounted = [volume.split(":")[:2] for volume in grafana["volumes"]]
    assert ["./grafana/dashboards", str(folder)] in mounted
    assert ["./grafana/provisioning", "/etc/grafana/provisioning"] in mounted
    home = grafana["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert Path(home) == folder / dashboard.DASHBOARD_FILE.name
    assert grafana["environment"]["GF_AUTH_ANONYMOUS_ENABLED"] == "true"
    assert grafana["environment"]["GF_AUTH_ANONYMOUS_ORG_ROLE"] == "Viewer"


def test_the_types_the_dashboard_is_held_to_are_those_of_the_stacks_grafana() -> None:
    held_to = json.loads((GRAFANA / "check" / "package.json").read_text())["devDependencies"]
    image, _, version = COMPOSE["services"]["grafana"]["image"].rpartition(":")
    assert image.endswith("grafana/grafana")
    assert held_to["@grafana/schema"] == version


def test_grafana_knows_how_often_prometheus_scrapes_and_each_window_holds_four_scrapes() -> None:
    """Of fewer points a rate is a guess, and of one there is none."""
    scraped = yaml.safe_load((GRAFANA.parent / "prometheus" / "prometheus.yml").read_text())["global"]
    assert SOURCES["prometheus"]["jsonData"]["timeInterval"] == scraped["scrape_interval"] == "5s"
    window = next(each for each in DASHBOARD["templating"]["list"] if each["name"] == "window")
    seconds = [int(each[:-1]) * {"s": 1, "m": 60}[each[-1]] for each in window["query"].split(",")]
    assert min(seconds) >= 4 * 5


def test_the_file_is_json_that_names_no_instance() -> None:
    """No id that only one Grafana knows, no fixed data source, nothing of a machine."""
    read = json.loads(dashboard.DASHBOARD_FILE.read_text(encoding="utf-8"))
    assert "id" not in read
    assert read["uid"] == "load-test"
    assert {json.dumps(panel["datasource"]) for panel in read["panels"] if "datasource" in panel} == {
        '{"type": "prometheus", "uid": "${datasource}"}'
    }
