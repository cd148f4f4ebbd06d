# An environment: everything that GridOS needs of Azure, but for the registry, which is shared.

locals {
  pod_cidr = "10.244.0.0/16"

  tags = { application = "gridos", environment = var.environment, managed-by = "terraform" }
  host = var.environment == "prod" ? "gridos.example.com" : "gridos.${var.environment}.example.com"
  common = {
    environment         = var.environment
    location            = var.location
    resource_group_name = azurerm_resource_group.this.name
    tags                = local.tags
  }
}

# Images are built once and promoted by digest, so there is one registry: environments/shared.
data "azurerm_container_registry" "shared" {
  name                = "gridosacr"
  resource_group_name = "rg-gridos-shared"
}

data "azurerm_client_config" "current" {}

resource "azurerm_resource_group" "this" {
  name     = "rg-gridos-${var.environment}"
  location = var.location
  tags     = local.tags
}

module "monitoring" {
  source              = "../monitoring"
  environment         = local.common.environment
  location            = local.common.location
  resource_group_name = local.common.resource_group_name
  tags                = local.common.tags
  retention_days      = var.log_retention_days
}

module "network" {
  source              = "../network"
  environment         = local.common.environment
  location            = local.common.location
  resource_group_name = local.common.resource_group_name
  tags                = local.common.tags
  address_space       = var.address_space
  pod_cidr            = local.pod_cidr
  field_networks      = var.field_networks
}

module "cluster" {
  source              = "../cluster"
  environment         = local.common.environment
  location            = local.common.location
  resource_group_name = local.common.resource_group_name
  tags                = local.common.tags
  network_id          = module.network.id
  subnet_ids          = module.network.subnet_ids
  pod_cidr            = local.pod_cidr
  workspace_id        = module.monitoring.workspace_id
  registry_id         = data.azurerm_container_registry.shared.id
  tenant_id           = data.azurerm_client_config.current.tenant_id
  admin_group_ids     = var.admin_group_ids
  kubernetes_version  = var.kubernetes_version
  istio_revision      = var.istio_revision
  sku_tier            = var.cluster_sku_tier
  engine_nodes        = var.engine_nodes
}

module "database" {
  source                         = "../database"
  environment                    = local.common.environment
  location                       = local.common.location
  resource_group_name            = local.common.resource_group_name
  tags                           = local.common.tags
  network_id                     = module.network.id
  subnet_id                      = module.network.subnet_ids["database"]
  workspace_id                   = module.monitoring.workspace_id
  sku_name                       = var.database.sku_name
  storage_mb                     = var.database.storage_mb
  backup_retention_days          = var.database.backup_retention_days
  is_highly_available            = var.database.is_highly_available
  administrator_password         = var.database_administrator_password
  administrator_password_version = var.database_administrator_password_version
}

# Application Gateway's own, for the certificate of the public names.
resource "azurerm_user_assigned_identity" "gateway" {
  name                = "id-gridos-${var.environment}-gateway"
  location            = var.location
  resource_group_name = azurerm_resource_group.this.name
  tags                = local.tags
}

module "vault" {
  source              = "../vault"
  environment         = local.common.environment
  location            = local.common.location
  resource_group_name = local.common.resource_group_name
  tags                = local.common.tags
  network_id          = module.network.id
  subnet_id           = module.network.subnet_ids["endpoints"]
  workspace_id        = module.monitoring.workspace_id
  tenant_id           = data.azurerm_client_config.current.tenant_id
  readers = {
    workload = module.cluster.workload_identity.principal_id
    gateway  = azurerm_user_assigned_identity.gateway.principal_id
  }
}

module "ingress" {
  source                = "../ingress"
  environment           = local.common.environment
  location              = local.common.location
  resource_group_name   = local.common.resource_group_name
  tags                  = local.common.tags
  subnet_id             = module.network.subnet_ids["gateway"]
  workspace_id          = module.monitoring.workspace_id
  hosts                 = [local.host, "argocd.${local.host}"]
  backend_address       = module.network.ingress_addresses.requests
  certificate_secret_id = "${module.vault.uri}secrets/public-certificate"
  capacity              = var.gateway_capacity
  identity              = azurerm_user_assigned_identity.gateway.id

  # It reads the certificate when it is made: the right to, and the way to the vault, must be there.
  depends_on = [module.vault]
}
