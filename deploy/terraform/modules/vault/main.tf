# Secrets. Terraform makes the vault, people and pipelines what is in it: no value passes a state.

variable "subnet_id" {
  description = "Where it is reached from within."
  type        = string
}

variable "network_id" {
  description = "The network in which its private name is known."
  type        = string
}

variable "tenant_id" {
  description = "The directory of those who may open it."
  type        = string
}

variable "workspace_id" {
  description = "Where it is written who opened it."
  type        = string
}

variable "readers" {
  description = "Object ids of identities that may read secrets, by what they are."
  type        = map(string)
}

resource "azurerm_key_vault" "this" {
  name                          = "kv-gridos-${var.environment}"
  location                      = var.location
  resource_group_name           = var.resource_group_name
  tenant_id                     = var.tenant_id
  sku_name                      = "standard"
  rbac_authorization_enabled    = true
  purge_protection_enabled      = true
  soft_delete_retention_days    = 90
  public_network_access_enabled = false
  tags                          = var.tags

  network_acls {
    bypass         = "AzureServices"
    default_action = "Deny"
  }

  lifecycle {
    prevent_destroy = true
  }
}

resource "azurerm_role_assignment" "readers" {
  for_each = var.readers

  scope                = azurerm_key_vault.this.id
  role_definition_name = "Key Vault Secrets User"
  principal_id         = each.value
}

resource "azurerm_private_dns_zone" "this" {
  name                = "privatelink.vaultcore.azure.net"
  resource_group_name = var.resource_group_name
  tags                = var.tags
}

resource "azurerm_private_dns_zone_virtual_network_link" "this" {
  name                  = "gridos-${var.environment}-vault"
  resource_group_name   = var.resource_group_name
  private_dns_zone_name = azurerm_private_dns_zone.this.name
  virtual_network_id    = var.network_id
  tags                  = var.tags
}

resource "azurerm_private_endpoint" "this" {
  name                = "pe-kv-gridos-${var.environment}"
  location            = var.location
  resource_group_name = var.resource_group_name
  subnet_id           = var.subnet_id
  tags                = var.tags

  private_service_connection {
    name                           = "vault"
    private_connection_resource_id = azurerm_key_vault.this.id
    subresource_names              = ["vault"]
    is_manual_connection           = false
  }

  private_dns_zone_group {
    name                 = "vault"
    private_dns_zone_ids = [azurerm_private_dns_zone.this.id]
  }
}

resource "azurerm_monitor_diagnostic_setting" "this" {
  name                       = "audit"
  target_resource_id         = azurerm_key_vault.this.id
  log_analytics_workspace_id = var.workspace_id

  enabled_log {
    category = "AuditEvent"
  }
}

output "name" {
  description = "For overlays of Kustomize and for install-argocd.sh."
  value       = azurerm_key_vault.this.name
}

output "uri" {
  description = "Where secrets are, with a slash at the end."
  value       = azurerm_key_vault.this.vault_uri
}

output "facts" {
  description = "What a plan is held against."
  value = {
    is_public        = azurerm_key_vault.this.public_network_access_enabled
    purge_protection = azurerm_key_vault.this.purge_protection_enabled
    reader_role      = distinct([for reader in azurerm_role_assignment.readers : reader.role_definition_name])
  }
}
