# Where Azure's own logs go. What the engines measure goes to Prometheus in the cluster.

variable "retention_days" {
  description = "How long logs are kept; 30 to 730."
  type        = number
}

resource "azurerm_log_analytics_workspace" "this" {
  name                         = "log-gridos-${var.environment}"
  location                     = var.location
  resource_group_name          = var.resource_group_name
  sku                          = "PerGB2018"
  retention_in_days            = var.retention_days
  local_authentication_enabled = false
  tags                         = var.tags
}

output "workspace_id" {
  description = "The workspace's resource id."
  value       = azurerm_log_analytics_workspace.this.id
}
