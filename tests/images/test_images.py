"""What is in the images and what is not; and that they run as the chart runs them."""

from __future__ import annotations

import json
import uuid

import pytest
from infra.images import __main__ as builder
from infra.images import sbom
from infra.images.context import ROOT, images, locked, requirements, wheels

from tests.images.house import RESTRICTED, Engine, House, rest, status_of

pytestmark = [pytest.mark.images, pytest.mark.slow]
NAMES = [image.name for image in images()]
SERVICES = [name for name in NAMES if name != "simulators"]
MEGABYTE = 2**20
# Runs in the image itself: what can be written to, what is a program that installs or builds.
LOOK_AROUND = """
import json, os, shutil, sys
writable = [p for d, _, fs in os.walk('/') if not d.startswith(('/proc', '/sys', '/dev', '/tmp'))
            for p in [d, *[os.path.join(d, f) for f in fs]] if not os.path.islink(p) and os.access(p, os.W_OK)]
tools = [t for t in ('pip', 'pip3', 'gcc', 'cc', 'make', 'git', 'curl', 'wget', 'ld') if shutil.which(t)]
site = next(p for p in sys.path if p.endswith('site-packages'))
packages = sorted(os.listdir(site))
ours = [os.path.join(d, f) for root in ('chassis', 'infra') for d, _, fs in os.walk(os.path.join(site, root)) for f in fs]
print(json.dumps({'uid': os.getuid(), 'writable': writable, 'tools': tools, 'packages': packages, 'ours': ours}))
"""


def inside(engine: Engine, image: str, program: str) -> str:
    return engine("run", "--rm", "--network=none", *RESTRICTED, "--tmpfs=/tmp", image, "python", "-c", program)


@pytest.mark.parametrize("name", NAMES)
def test_an_image_holds_what_its_service_needs_and_no_more(engine: Engine, built: dict[str, str], name: str) -> None:
    """Not root, nothing writable but /tmp, no tool to install or build with, no other service, none of our test code."""
    found = json.loads(inside(engine, built[name], LOOK_AROUND))
    assert found["uid"] == 10001
    assert found["writable"] == []
    assert found["tools"] == []
    packages = set(found["packages"])
    ours = {path.name for path in (ROOT / "services").iterdir() if path.is_dir()}
    wanted = {"chassis", name.replace("-", "_")} if name in SERVICES else set()
    assert packages & ours == wanted
    assert not packages & {"pip", "setuptools", "wheel", "pytest", "tests"}
    assert ("infra" in packages) == (name == "simulators")
    assert [path for path in found["ours"] if "/testing/" in path or path.endswith("README.md")] == []


# What an image adds to its base, megabytes; scheduling learns who may not come with scikit-learn, numpy and scipy.
LARGEST = {"scheduling": 420}


@pytest.mark.parametrize("name", NAMES)
def test_an_image_says_what_it_is(engine: Engine, built: dict[str, str], name: str) -> None:
    """Labels name version, revision and licence; the user is a number, as Kubernetes asks; it is small."""
    about = json.loads(engine("inspect", "--type=image", built[name]))[0]
    labels = about["Config"]["Labels"]
    assert (
        labels["org.opencontainers.image.title"] == f"polyclinic-{next(i for i in images() if i.name == name).package}"
    )
    assert labels["org.opencontainers.image.version"] == "test"
    assert labels["org.opencontainers.image.revision"] == "0" * 40
    assert labels["org.opencontainers.image.licenses"] == "Apache-2.0"
    assert about["Config"]["User"] == "10001:10001"
    base = json.loads(engine("inspect", "--type=image", builder.LOCAL_BASE))[0]
    assert about["Size"] - base["Size"] < LARGEST.get(name, 270) * MEGABYTE


@pytest.mark.parametrize("image", images(), ids=lambda image: image.name)
def test_the_bill_of_materials_is_complete(built: dict[str, str], image: object) -> None:
    """Every distribution of the image's part of the lock file is on the bill with its hashes, and so is the base."""
    name = image.name  # type: ignore[attr-defined]
    bill = json.loads((builder.OUTPUT / f"{name}.cdx.json").read_text())
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    python = {each["name"]: each for each in bill["components"] if each["purl"].startswith("pkg:pypi/")}
    lock = requirements(image, wheels(image.lock))  # type: ignore[arg-type, attr-defined]
    platform_only = {"protobuf-py-ext"}
    assert locked(lock) - set(python) <= platform_only
    assert set(python) - locked(lock) == {"polyclinic"}
    hashes = sbom.locked_hashes(lock)
    for component in python.values():
        if component["name"] != "polyclinic":
            assert {each["value"] for each in component["properties"]} == set(hashes[component["name"]])
    debian = {each["name"] for each in bill["components"] if each["purl"].startswith("pkg:deb/")}
    assert {"libc6", "ca-certificates", "python3-minimal"} <= debian
    assert len({each["bom-ref"] for each in bill["components"]}) == len(bill["components"])


@pytest.mark.parametrize("name", SERVICES)
def test_every_module_of_an_image_can_be_imported(engine: Engine, built: dict[str, str], name: str) -> None:
    """The part of the lock file that the image carries is enough for every module in it."""
    package = name.replace("-", "_")
    program = f"""
import importlib, pkgutil
for root in ('chassis', {package!r}):
    package = importlib.import_module(root)
    for module in pkgutil.walk_packages(package.__path__, root + '.'):
        if not module.name.endswith('__main__') and '.migrations' not in module.name:
            importlib.import_module(module.name)
print('all of them')
"""
    assert "all of them" in inside(engine, built[name], program)


def test_the_house_is_ready(house: House) -> None:
    """Every service of the chart is ready in its container, with the chart's command, environment and certificates."""
    assert {component: house.ready(component) for component in house.installed.services} == dict.fromkeys(
        house.installed.services, True
    )


def test_the_house_serves_a_request_through_its_gateway(house: House) -> None:
    """A network is made, its owner signs in and reads back what was written: REST, mTLS, dns:/// names and databases."""
    base = f"http://{house.addresses['gateway']}:8080"
    operator = house.installed.secrets["polyclinic-identity-credentials"]["operator-secret"]
    token = rest(base, "POST", "/api/v1/client-tokens", {"client_id": "operator", "client_secret": operator})[
        "access_token"
    ]
    slug = f"house-{uuid.uuid4().hex[:8]}"
    owner = {"owner_login": "owner", "owner_name": "Ola Owner", "owner_password": "correct horse battery staple"}
    made = rest(base, "POST", "/api/v1/tenants", {"slug": slug, "name": "House", **owner}, token, str(uuid.uuid4()))
    assert made
    session = rest(
        base, "POST", "/api/v1/sessions", {"tenant": slug, "login": "owner", "password": owner["owner_password"]}
    )
    own = session["access_token"]
    # Each of these is another service: identity, the registry, scheduling, billing, notifications, telehealth.
    for path in (
        "/api/v1/locations",
        "/api/v1/appointment-types",
        "/api/v1/payers",
        "/api/v1/telehealth/sessions?page_size=1",
    ):
        # A service that refuses has been reached and has verified the token; 502 and 503 would be the way to it.
        assert status_of(base, "GET", path, own) in (200, 400, 403), path
    assert status_of(base, "GET", "/api/v1/locations") == 401


def test_streams_are_served_by_their_own_container(house: House) -> None:
    """The API's container sends a stream's path below /streams; the streams' container knows it there."""
    path = f"/api/v1/locations/{uuid.uuid4()}/stream"
    # Followed below /streams, which the API's own container does not serve.
    assert status_of(f"http://{house.addresses['gateway']}:8080", "GET", path) == 404
    assert status_of(f"http://{house.addresses['gateway_streams']}:8080", "GET", f"/streams{path}") == 401


def test_logs_are_lines_of_json(house: House) -> None:
    """What a container prints is one event a line, for the cluster's log collector."""
    lines = house.logs("billing").splitlines()
    assert lines
    assert all({"at", "level", "service", "event"} <= json.loads(line).keys() for line in lines)


def test_the_operators_program_is_in_every_service(house: House) -> None:
    """`kubectl exec … polyclinic status` works where nothing else is installed."""
    said = house.engine("exec", house.running["scheduling"], "polyclinic", "status", "scheduling")
    assert "OUTBOX" in said
    assert "scheduling" in said
    # The gateway knows everybody: one screen for the whole installation.
    everybody = house.engine("exec", house.running["gateway"], "polyclinic", "status", check=False)
    for service in house.installed.services:
        assert f"\n{service} " in everybody or service.startswith("gateway"), everybody


def test_pods_leave_in_time(house: House) -> None:
    """SIGTERM ends each container by itself, cleanly, after its pause and well within the grace period."""
    pause = house.installed.values["global"]["timing"]["drainDelaySeconds"]
    for component in ("telehealth", "gateway_streams", "gateway", "billing", "identity"):
        code, took = house.stop(component)
        assert code == 0, component
        if component not in ("gateway", "gateway_streams"):
            assert took >= pause
        assert took < 40
        house.start(component)
    for component in house.installed.services:
        house.wait_ready(component)
