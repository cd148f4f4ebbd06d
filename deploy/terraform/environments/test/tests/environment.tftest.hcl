# What this environment must be, whatever it is made of.

variables {
  database_administrator_password = "only-for-this-test"
  admin_group_ids                 = ["00000000-0000-0000-0000-000000000001"]
}

# One plan for all: each takes its time.
run "environment" {
  command = plan

  # Networks are those of the overlay.
  assert {
    condition     = output.environment.subnets.database == "10.20.16.0/24"
    error_message = "deploy/applications/gridos/overlays/test/networks.yaml lets engines reach PostgreSQL at 10.20.16.0/24."
  }
  assert {
    condition     = output.environment.subnets.api == "10.20.18.0/28"
    error_message = "deploy/applications/gridos/overlays/test/networks.yaml lets the follower reach the API at 10.20.18.0/28."
  }
  assert {
    condition     = output.environment.ingress_addresses == { requests = "10.20.20.4", dial_in = "10.20.20.5" }
    error_message = "deploy/scripts/install-argocd.sh gives the ingress gateway the address 10.20.20.4, deploy/applications/platform/overlays/test the load balancer for devices 10.20.20.5."
  }

  # Nothing but the firewall is public.
  assert {
    condition     = output.environment.facts.cluster.is_private && !output.environment.facts.cluster.external_ingress
    error_message = "The API of Kubernetes and the ingress gateway of Istio must have no public address."
  }
  assert {
    condition     = !output.environment.facts.database.is_public && !output.environment.facts.vault.is_public
    error_message = "Database and vault must be reached from within only."
  }
  assert {
    condition     = [for name, rule in output.environment.facts.open_ports : name if rule.from == "Internet"] == ["gateway-requests"]
    error_message = "From the Internet only requests may come in, to Application Gateway."
  }
  assert {
    condition     = [for name in ["nodes-nodes", "nodes-pods"] : output.environment.facts.open_ports[name].protocol] == ["*", "*"]
    error_message = "Nodes and pods must reach each other by TCP and UDP (names, members of a fleet): subnets judge what pods send to other nodes."
  }
  assert {
    condition     = output.environment.facts.ingress.firewall == "Prevention" && output.environment.facts.ingress.tier == "WAF_v2"
    error_message = "The firewall must refuse, not only watch."
  }

  # Requests go through istio and no field protocol does.
  assert {
    condition     = output.environment.facts.ingress.backends == [output.environment.ingress_addresses.requests]
    error_message = "Application Gateway must send to the internal ingress gateway: else the weights of a canary count for nothing."
  }
  assert {
    condition     = output.environment.facts.ingress.ports == [443] && output.environment.facts.ingress.protocol == "Https"
    error_message = "Application Gateway speaks HTTPS and nothing else; Modbus and DNP3 must not come near it."
  }
  assert {
    condition     = join(" ", sort(output.environment.facts.ingress.hosts)) == "argocd.gridos.test.example.com gridos.test.example.com"
    error_message = "The public names must be those of the overlay and of Argo CD."
  }
  assert {
    condition     = join(" ", sort(output.environment.facts.ingress.probes)) == "argocd argocd.gridos.test.example.com/healthz gridos gridos.test.example.com/health/ready"
    error_message = "GridOS and Argo CD must each be judged by a probe of their own: one that is not well takes the other with it."
  }
  assert {
    condition     = join(" ", sort(try(output.environment.facts.open_ports["nodes-dial-in"].ports, []))) == ""
    error_message = "Devices dial in by the ports of their protocols, where there are devices."
  }

  assert {
    condition     = output.environment.subnets.runners == "10.20.21.0/28" && output.environment.facts.open_ports["endpoints-runners"].from == "10.20.21.0/28"
    error_message = "The pipeline's own machines must reach the vault."
  }

  # Identities and rights.
  assert {
    condition     = output.environment.facts.cluster.pull_role == "AcrPull" && join(" ", output.environment.facts.vault.reader_role) == "Key Vault Secrets User"
    error_message = "Nodes pull images, pods read secrets: neither may do more."
  }
  assert {
    condition     = output.environment.facts.cluster.workload_identity && !output.environment.facts.cluster.local_accounts
    error_message = "Pods and people come in by the directory."
  }
  assert {
    condition = join(" ", sort(output.environment.workload_subjects)) == join(" ", [
      "system:serviceaccount:gridos:gridos-engine",
      "system:serviceaccount:gridos:gridos-follower",
      "system:serviceaccount:gridos:nats",
    ])
    error_message = "The service accounts that read the vault are those of deploy/applications."
  }

  # What must not be lost.
  assert {
    condition     = output.environment.facts.database.standby_mode == null
    error_message = "The standby of the database is not what test needs."
  }
  assert {
    condition     = output.environment.facts.database.backup_retention_days == 7
    error_message = "Backups must go back 7 days."
  }
  assert {
    condition     = output.environment.facts.database.settings["require_secure_transport"] == "on"
    error_message = "Nobody may speak with the database in the clear."
  }
  assert {
    condition     = output.environment.facts.vault.purge_protection
    error_message = "What is deleted from the vault must be there for 90 days."
  }
  assert {
    condition     = output.environment.facts.cluster.mesh == "Istio" && output.environment.facts.cluster.sku_tier == "Standard"
    error_message = "Istio splits requests; and test has the tier Standard."
  }
}
