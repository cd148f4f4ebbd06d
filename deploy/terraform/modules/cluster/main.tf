# Kubernetes, with Istio by the add-on and identities of its own making.

variable "subnet_ids" {
  description = "Of nodes, api and ingress."
  type        = map(string)
}

variable "pod_cidr" {
  description = "Where pods have their addresses; no network that they talk to may overlap it."
  type        = string
}

variable "network_id" {
  description = "Where the cluster joins load balancers and the API."
  type        = string
}

variable "workspace_id" {
  description = "Where its logs go."
  type        = string
}

variable "registry_id" {
  description = "The registry that its nodes pull images from."
  type        = string
}

variable "tenant_id" {
  description = "The directory of its users."
  type        = string
}

variable "admin_group_ids" {
  description = "Groups of the directory that administer it."
  type        = list(string)
}

variable "kubernetes_version" {
  description = "The minor version, for example 1.33; patches come by themselves."
  type        = string
}

variable "istio_revision" {
  description = "Revision of the Istio add-on; two while it is upgraded."
  type        = list(string)
}

variable "sku_tier" {
  description = "Standard, with a promise of availability, or Free."
  type        = string
}

variable "engine_nodes" {
  description = "The machines of the engines: their size, and the least and the most of them."
  type        = object({ vm_size = string, min = number, max = number })
}

locals {
  # Who of the cluster is who in Azure: the service account, in its namespace.
  workloads = {
    engine   = "system:serviceaccount:gridos:gridos-engine"
    follower = "system:serviceaccount:gridos:gridos-follower"
    nats     = "system:serviceaccount:gridos:nats"
  }
}

resource "azurerm_user_assigned_identity" "cluster" {
  name                = "id-gridos-${var.environment}-cluster"
  location            = var.location
  resource_group_name = var.resource_group_name
  tags                = var.tags
}

resource "azurerm_user_assigned_identity" "kubelet" {
  name                = "id-gridos-${var.environment}-kubelet"
  location            = var.location
  resource_group_name = var.resource_group_name
  tags                = var.tags
}

# Of the pods: all have one, which may read the vault. What each container sees of it is said by its SecretProviderClass.
resource "azurerm_user_assigned_identity" "workload" {
  name                = "id-gridos-${var.environment}-workload"
  location            = var.location
  resource_group_name = var.resource_group_name
  tags                = var.tags
}

resource "azurerm_role_assignment" "network" {
  scope                = var.network_id
  role_definition_name = "Network Contributor"
  principal_id         = azurerm_user_assigned_identity.cluster.principal_id
}

resource "azurerm_role_assignment" "kubelet" {
  scope                = azurerm_user_assigned_identity.kubelet.id
  role_definition_name = "Managed Identity Operator"
  principal_id         = azurerm_user_assigned_identity.cluster.principal_id
}

resource "azurerm_role_assignment" "pull" {
  scope                = var.registry_id
  role_definition_name = "AcrPull"
  principal_id         = azurerm_user_assigned_identity.kubelet.principal_id
}

resource "azurerm_kubernetes_cluster" "this" {
  #checkov:skip=CKV_AZURE_117:Keys of the platform; machines encrypt at the host, and nothing is kept on their disks
  #checkov:skip=CKV_AZURE_232:Argo CD and Prometheus live here; engines have machines of their own
  #checkov:skip=CKV_AZURE_170:Dev has no promise of availability on purpose; a test holds test and prod to Standard

  name                                = "aks-gridos-${var.environment}"
  location                            = var.location
  resource_group_name                 = var.resource_group_name
  dns_prefix                          = "gridos-${var.environment}"
  kubernetes_version                  = var.kubernetes_version
  sku_tier                            = var.sku_tier
  automatic_upgrade_channel           = "patch"
  node_os_upgrade_channel             = "NodeImage"
  oidc_issuer_enabled                 = true
  workload_identity_enabled           = true
  local_account_disabled              = true
  role_based_access_control_enabled   = true
  azure_policy_enabled                = true
  private_cluster_enabled             = true
  private_cluster_public_fqdn_enabled = false
  private_dns_zone_id                 = "System"
  run_command_enabled                 = false
  image_cleaner_enabled               = true
  image_cleaner_interval_hours        = 168
  tags                                = var.tags

  api_server_access_profile {
    virtual_network_integration_enabled = true
    subnet_id                           = var.subnet_ids["api"]
  }

  azure_active_directory_role_based_access_control {
    tenant_id              = var.tenant_id
    azure_rbac_enabled     = true
    admin_group_object_ids = var.admin_group_ids
  }

  identity {
    type         = "UserAssigned"
    identity_ids = [azurerm_user_assigned_identity.cluster.id]
  }

  kubelet_identity {
    client_id                 = azurerm_user_assigned_identity.kubelet.client_id
    object_id                 = azurerm_user_assigned_identity.kubelet.principal_id
    user_assigned_identity_id = azurerm_user_assigned_identity.kubelet.id
  }

  # What the cluster itself needs, and Argo CD and Prometheus.
  default_node_pool {
    name                         = "system"
    vm_size                      = "Standard_D4ds_v5"
    vnet_subnet_id               = var.subnet_ids["nodes"]
    auto_scaling_enabled         = true
    min_count                    = 3
    max_count                    = 5
    max_pods                     = 60
    zones                        = ["1", "2", "3"]
    os_sku                       = "AzureLinux"
    os_disk_type                 = "Ephemeral"
    host_encryption_enabled      = true
    only_critical_addons_enabled = false
    temporary_name_for_rotation  = "systemtmp"

    upgrade_settings {
      max_surge                = "33%"
      drain_timeout_in_minutes = 30
    }
  }

  network_profile {
    network_plugin      = "azure"
    network_plugin_mode = "overlay"
    network_data_plane  = "cilium"
    network_policy      = "cilium"
    load_balancer_sku   = "standard"
    outbound_type       = "userAssignedNATGateway"
    pod_cidr            = var.pod_cidr
    service_cidr        = "10.245.0.0/16"
    dns_service_ip      = "10.245.0.10"
  }

  service_mesh_profile {
    mode                             = "Istio"
    revisions                        = var.istio_revision
    internal_ingress_gateway_enabled = true
    external_ingress_gateway_enabled = false
  }

  key_vault_secrets_provider {
    secret_rotation_enabled  = true
    secret_rotation_interval = "2m"
  }

  oms_agent {
    log_analytics_workspace_id      = var.workspace_id
    msi_auth_for_monitoring_enabled = true
  }

  microsoft_defender {
    log_analytics_workspace_id = var.workspace_id
  }

  # Sunday night, after the database.
  maintenance_window_auto_upgrade {
    frequency   = "Weekly"
    interval    = 1
    duration    = 4
    day_of_week = "Sunday"
    start_time  = "04:00"
    utc_offset  = "+00:00"
  }

  maintenance_window_node_os {
    frequency   = "Weekly"
    interval    = 1
    duration    = 4
    day_of_week = "Sunday"
    start_time  = "08:00"
    utc_offset  = "+00:00"
  }

  lifecycle {
    # The autoscaler's; and patches come by themselves.
    ignore_changes = [default_node_pool[0].node_count, kubernetes_version]
  }

  depends_on = [azurerm_role_assignment.network, azurerm_role_assignment.kubelet]
}

# The engines have machines of their own: nobody else's load is in what is judged.
resource "azurerm_kubernetes_cluster_node_pool" "engines" {
  name                        = "engines"
  kubernetes_cluster_id       = azurerm_kubernetes_cluster.this.id
  vm_size                     = var.engine_nodes.vm_size
  vnet_subnet_id              = var.subnet_ids["nodes"]
  auto_scaling_enabled        = true
  min_count                   = var.engine_nodes.min
  max_count                   = var.engine_nodes.max
  max_pods                    = 60
  zones                       = ["1", "2", "3"]
  os_sku                      = "AzureLinux"
  os_disk_type                = "Ephemeral"
  host_encryption_enabled     = true
  temporary_name_for_rotation = "enginestmp"
  node_labels                 = { "gridos.io/pool" = "engines" }
  node_taints                 = ["gridos.io/pool=engines:NoSchedule"]
  tags                        = var.tags

  upgrade_settings {
    max_surge                = "1"
    drain_timeout_in_minutes = 30
  }

  lifecycle {
    ignore_changes = [node_count]
  }
}

resource "azurerm_federated_identity_credential" "workload" {
  for_each = local.workloads

  name                      = each.key
  user_assigned_identity_id = azurerm_user_assigned_identity.workload.id
  issuer                    = azurerm_kubernetes_cluster.this.oidc_issuer_url
  audience                  = ["api://AzureADTokenExchange"]
  subject                   = each.value
}

resource "azurerm_monitor_diagnostic_setting" "this" {
  name                       = "control-plane"
  target_resource_id         = azurerm_kubernetes_cluster.this.id
  log_analytics_workspace_id = var.workspace_id

  dynamic "enabled_log" {
    for_each = ["kube-apiserver", "kube-audit-admin", "guard"]
    content {
      category = enabled_log.value
    }
  }
}

output "name" {
  description = "For az aks get-credentials."
  value       = azurerm_kubernetes_cluster.this.name
}

output "workload_identity" {
  description = "Client id for overlays of Kustomize, and object id for the vault."
  value = {
    client_id    = azurerm_user_assigned_identity.workload.client_id
    principal_id = azurerm_user_assigned_identity.workload.principal_id
  }
}

output "subjects" {
  description = "Which service accounts are the workload identity."
  value       = [for credential in azurerm_federated_identity_credential.workload : credential.subject]
}

output "facts" {
  description = "What a plan is held against."
  value = {
    is_private        = azurerm_kubernetes_cluster.this.private_cluster_enabled
    local_accounts    = !azurerm_kubernetes_cluster.this.local_account_disabled
    workload_identity = azurerm_kubernetes_cluster.this.workload_identity_enabled && azurerm_kubernetes_cluster.this.oidc_issuer_enabled
    mesh              = one(azurerm_kubernetes_cluster.this.service_mesh_profile[*].mode)
    internal_ingress  = one(azurerm_kubernetes_cluster.this.service_mesh_profile[*].internal_ingress_gateway_enabled)
    external_ingress  = one(azurerm_kubernetes_cluster.this.service_mesh_profile[*].external_ingress_gateway_enabled)
    sku_tier          = azurerm_kubernetes_cluster.this.sku_tier
    engines_at_least  = azurerm_kubernetes_cluster_node_pool.engines.min_count
    pull_role         = azurerm_role_assignment.pull.role_definition_name
  }
}
