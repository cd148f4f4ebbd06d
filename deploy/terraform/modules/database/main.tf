# PostgreSQL, reached by its private name only.

variable "network_id" {
  description = "The network in which its name is known."
  type        = string
}

variable "subnet_id" {
  description = "Its own subnet, delegated to it."
  type        = string
}

variable "workspace_id" {
  description = "Where its logs go."
  type        = string
}

variable "sku_name" {
  description = "Size of the server."
  type        = string
}

variable "storage_mb" {
  description = "Size of its disk at the start, in MiB; it grows by itself."
  type        = number
}

variable "backup_retention_days" {
  description = "How far back a restore can go; 7 to 35."
  type        = number
}

variable "is_highly_available" {
  description = "Whether a standby in another zone takes over, and backups are kept in another region too."
  type        = bool
}

variable "administrator_password" {
  description = "Of the administrator, from whom nothing but the roles of GridOS is made; it is in no state and in no plan."
  type        = string
  ephemeral   = true
  sensitive   = true
}

variable "administrator_password_version" {
  description = "Raise it to set the password anew."
  type        = number
}

resource "azurerm_private_dns_zone" "this" {
  name                = "gridos-${var.environment}.private.postgres.database.azure.com"
  resource_group_name = var.resource_group_name
  tags                = var.tags
}

resource "azurerm_private_dns_zone_virtual_network_link" "this" {
  name                  = "gridos-${var.environment}"
  resource_group_name   = var.resource_group_name
  private_dns_zone_name = azurerm_private_dns_zone.this.name
  virtual_network_id    = var.network_id
  tags                  = var.tags
}

resource "azurerm_postgresql_flexible_server" "this" {
  #checkov:skip=CKV_AZURE_136:In prod only; a test holds it to that
  #checkov:skip=CKV2_AZURE_57:It is in a subnet of its own, delegated to it; a private endpoint is the other of the two ways

  name                              = "psql-gridos-${var.environment}"
  location                          = var.location
  resource_group_name               = var.resource_group_name
  version                           = "17"
  sku_name                          = var.sku_name
  storage_mb                        = var.storage_mb
  auto_grow_enabled                 = true
  delegated_subnet_id               = var.subnet_id
  private_dns_zone_id               = azurerm_private_dns_zone.this.id
  public_network_access_enabled     = false
  backup_retention_days             = var.backup_retention_days
  geo_redundant_backup_enabled      = var.is_highly_available
  administrator_login               = "gridos_admin"
  administrator_password_wo         = var.administrator_password
  administrator_password_wo_version = var.administrator_password_version
  zone                              = "1"
  tags                              = var.tags

  dynamic "high_availability" {
    for_each = var.is_highly_available ? ["2"] : []
    content {
      mode                      = "ZoneRedundant"
      standby_availability_zone = high_availability.value
    }
  }

  # Sunday, when the fewest people watch.
  maintenance_window {
    day_of_week  = 0
    start_hour   = 2
    start_minute = 0
  }

  lifecycle {
    prevent_destroy = true
    # After a failover the zones are the other way round: that is no change to be undone.
    ignore_changes = [zone, high_availability[0].standby_availability_zone]
  }

  depends_on = [azurerm_private_dns_zone_virtual_network_link.this]
}

resource "azurerm_postgresql_flexible_server_database" "gridos" {
  name      = "gridos"
  server_id = azurerm_postgresql_flexible_server.this.id
  charset   = "UTF8"
  collation = "en_US.utf8"

  lifecycle {
    prevent_destroy = true
  }
}

resource "azurerm_postgresql_flexible_server_configuration" "this" {
  for_each = {
    # Nobody in the clear.
    require_secure_transport = "on"
    ssl_min_protocol_version = "TLSv1.2"
    log_connections          = "on"
    log_disconnections       = "on"
    log_checkpoints          = "on"
  }

  name      = each.key
  server_id = azurerm_postgresql_flexible_server.this.id
  value     = each.value
}

resource "azurerm_monitor_diagnostic_setting" "this" {
  name                       = "logs"
  target_resource_id         = azurerm_postgresql_flexible_server.this.id
  log_analytics_workspace_id = var.workspace_id

  enabled_log {
    category = "PostgreSQLLogs"
  }
}

output "host" {
  description = "The name by which engines reach it (GRIDOS__STORE__URL)."
  value       = azurerm_postgresql_flexible_server.this.fqdn
}

output "facts" {
  description = "What a plan is held against."
  value = {
    standby_mode          = one(azurerm_postgresql_flexible_server.this.high_availability[*].mode)
    backup_retention_days = azurerm_postgresql_flexible_server.this.backup_retention_days
    geo_backups           = azurerm_postgresql_flexible_server.this.geo_redundant_backup_enabled
    is_public             = azurerm_postgresql_flexible_server.this.public_network_access_enabled
    settings              = { for name, setting in azurerm_postgresql_flexible_server_configuration.this : name => setting.value }
  }
}
