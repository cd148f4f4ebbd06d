"""Terraform is valid against the provider's own schema, plans, keeps its assertions, and is clean for Checkov; planted faults are
found. Needs no Azure: ../shared/tools/azurerm-offline answers for it."""

import os
import pathlib
import re
import shutil
import subprocess

import pytest
from conftest import ENVIRONMENTS, ROOT, SHARED, TOOLS, skip

from checks import references
from checks.objects import of_kind, one

TERRAFORM = ROOT / "deploy/terraform"
OFFLINE = SHARED / "tools/azurerm-offline/tfoffline.py"
VARIABLES = {
    "CHECKPOINT_DISABLE": "1",
    "TF_VAR_database_administrator_password": "only-for-this-test",
    "TF_VAR_admin_group_ids": '["00000000-0000-0000-0000-000000000001"]',
    "TF_VAR_pipeline_principal_ids": '["00000000-0000-0000-0000-000000000001"]',
}


def check(folder: pathlib.Path, *environments: str, steps: str) -> subprocess.CompletedProcess:
    """Runs steps of Terraform on a copy of a folder."""
    if not OFFLINE.exists():
        skip("../shared/tools/azurerm-offline")
    roots = [f"environments/{environment}" for environment in environments]
    command = [TOOLS / "azurerm/bin/python", OFFLINE, "check", folder, *roots, "--steps", steps]
    return subprocess.run(command, env={**os.environ, **VARIABLES}, capture_output=True, text=True)


@pytest.fixture
def planted(tmp_path):
    """A copy of Terraform's files in which a text of one is another."""
    folder = tmp_path / "terraform"
    shutil.copytree(TERRAFORM, folder, ignore=shutil.ignore_patterns(".terraform"))

    def plant(file: str, old: str, new: str) -> pathlib.Path:
        text = (folder / file).read_text()
        assert old in text, f"{file} has no '{old}'"
        (folder / file).write_text(text.replace(old, new))
        return folder

    return plant


@pytest.mark.parametrize("environment", ["shared", *ENVIRONMENTS])
def test_it_plans_and_keeps_its_assertions(environment):
    # A test plans; only the registry's has too little in it to be sure.
    checked = check(TERRAFORM, environment, steps="init,validate,test" if environment != "shared" else "init,validate,plan,test")
    assert checked.returncode == 0, checked.stdout[-4000:] + checked.stderr[-2000:]
    passed = re.search(r"(\d+) passed, 0 failed", checked.stdout + checked.stderr)
    assert passed and int(passed[1]) == 1, checked.stdout[-2000:]


@pytest.mark.parametrize(("file", "old", "new"), [
    ("modules/cluster/main.tf", "workload_identity_enabled ", "workload_identities_enabled "),
    ("modules/database/main.tf", "delegated_subnet_id ", "delegate_subnet_id "),
    ("modules/ingress/main.tf", '"backend_http_settings" {', '"backend_http_setting" {'),
    ("modules/vault/main.tf", "azurerm_private_endpoint", "azurerm_private_endpoints"),
])
def test_a_misspelt_name_is_found(planted, file, old, new):
    assert check(planted(file, old, new), "prod", steps="init,validate").returncode != 0


# What is wrong, and what the assertion that must find it says.
FAULTS = [
    ("modules/cluster/main.tf", "external_ingress_gateway_enabled = false", "external_ingress_gateway_enabled = true",
     "must have no public address"),
    ("modules/cluster/main.tf", '"AcrPull"', '"AcrPush"', "neither may do more"),
    ("modules/cluster/main.tf", "gridos:nats", "gridos:default", "are those of deploy/applications"),
    ("modules/database/main.tf", "public_network_access_enabled     = false", "public_network_access_enabled     = true",
     "reached from within only"),
    ("modules/database/main.tf", 'require_secure_transport = "on"', 'require_secure_transport = "off"', "in the clear"),
    ("modules/ingress/main.tf", '"Prevention"', '"Detection"', "must refuse"),
    ("modules/ingress/main.tf", "port = 443\n  }", "port = 502\n  }", "speaks HTTPS and nothing else"),
    ("modules/ingress/main.tf", "[var.backend_address]", '["10.30.0.9"]', "weights of a canary"),
    ("modules/ingress/main.tf", "probe_name      = backend_http_settings.key", 'probe_name      = "gridos"', "a probe of their own"),
    ("modules/network/main.tf", "from = local.subnets.runners, ports = [\"443\"]", "from = local.subnets.api, ports = [\"443\"]", "own machines"),
    ("modules/network/main.tf", 'from = local.subnets.nodes, ports = ["443"]', 'from = "Internet", ports = ["443"]',
     "From the Internet only requests"),
    ("modules/vault/main.tf", "purge_protection_enabled      = true", "purge_protection_enabled      = false", "for 90 days"),
    ("environments/prod/main.tf", "is_highly_available   = true", "is_highly_available   = false", "standby of the database"),
    ("environments/prod/main.tf", "backup_retention_days = 35", "backup_retention_days = 7", "go back 35 days"),
    ("environments/prod/main.tf", "10.30.0.0/16", "10.31.0.0/16", "lets engines reach PostgreSQL"),
    ("modules/network/main.tf", 'from = var.pod_cidr, ports = ["0-65535"], protocol = "*"', 'from = var.pod_cidr, ports = ["0-65535"]',
     "by TCP and UDP"),
]


def test_each_planted_fault_fails_its_assertion(planted):
    for file, old, new, _ in FAULTS:
        folder = planted(file, old, new)
    checked = check(folder, "prod", steps="init,test")
    # Terraform breaks its lines where it likes.
    told = " ".join((checked.stdout + checked.stderr).split())
    assert [said for *_, said in FAULTS if said not in told] == [], told[-3000:]


def test_it_is_formatted():
    if not OFFLINE.exists():
        skip("../shared/tools/azurerm-offline")
    # Terraform on PATH, or that of the registry of packages.
    command = [TOOLS / "azurerm/bin/python", OFFLINE, "run", "fmt", "-check", "-recursive", TERRAFORM]
    checked = subprocess.run(command, env={**os.environ, **VARIABLES}, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_the_states_are_apart_and_locked():
    keys = set()
    for environment in ("shared", *ENVIRONMENTS):
        text = (TERRAFORM / "environments" / environment / "backend.tf").read_text()
        assert 'backend "azurerm"' in text and re.search(r"use_oidc\s+= true", text) and "access_key" not in text
        keys.add((re.search(r'container_name\s+= "(.*)"', text)[1], re.search(r'\n\s+key\s+= "(.*)"', text)[1]))
    assert len(keys) == 4


def test_the_database_cannot_be_destroyed_by_mistake_and_its_password_is_in_no_state():
    text = (TERRAFORM / "modules/database/main.tf").read_text()
    server = text[text.index('resource "azurerm_postgresql_flexible_server" "this"'):]
    assert "prevent_destroy = true" in server[:server.index("\n}\n")]
    assert "administrator_password_wo " in text and "administrator_password " not in re.sub(r'variable "administrator_password"|var\.\w+', "", text)


def test_overlays_name_what_terraform_makes(built_once):
    """Names that stand on both sides: the database's, the vault's, the service accounts that are identities in Azure, the registry's."""
    accounts = set(re.findall(r"system:serviceaccount:gridos:([a-z-]+)", (TERRAFORM / "modules/cluster/main.tf").read_text()))
    for environment, objects in built_once.items():
        url = references.configuration(objects, "gridos-environment")["GRIDOS__STORE__URL"]
        assert f"@psql-gridos-{environment}.postgres.database.azure.com/gridos?sslmode=verify-full" in url
        using = {w["spec"]["template"]["spec"].get("serviceAccountName") for w in of_kind(objects, "Rollout", "Deployment", "StatefulSet")
                 if any("csi" in v for v in w["spec"]["template"]["spec"].get("volumes", []))}
        assert using == accounts
    assert 'name                    = "gridosacr"' in (TERRAFORM / "environments/shared/main.tf").read_text()
    pool = one(built_once["prod"], "Rollout", "gridos")["spec"]["template"]["spec"]["nodeSelector"]
    assert f'"gridos.io/pool" = "{pool["gridos.io/pool"]}"' in (TERRAFORM / "modules/cluster/main.tf").read_text()
