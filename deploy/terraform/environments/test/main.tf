# What test is; what it is made of is in modules/environment.

variable "database_administrator_password" {
  description = "TF_VAR_database_administrator_password, of the pipeline's environment."
  type        = string
  ephemeral   = true
  sensitive   = true
}

variable "admin_group_ids" {
  description = "Groups of the directory that administer the cluster."
  type        = list(string)
}

module "environment" {
  source             = "../../modules/environment"
  environment        = "test"
  location           = "westeurope"
  address_space      = "10.20.0.0/16"
  field_networks     = []
  admin_group_ids    = var.admin_group_ids
  kubernetes_version = "1.33"
  istio_revision     = ["asm-1-27"]
  cluster_sku_tier   = "Standard"
  engine_nodes       = { vm_size = "Standard_D4ds_v5", min = 3, max = 6 }
  gateway_capacity   = { min = 1, max = 3 }
  database = {
    sku_name              = "GP_Standard_D4ds_v5"
    storage_mb            = 131072
    backup_retention_days = 7
    is_highly_available   = false
  }
  log_retention_days = 30

  database_administrator_password         = var.database_administrator_password
  database_administrator_password_version = 1
}

output "environment" {
  description = "What overlays, scripts and DNS need to know."
  value       = module.environment
}
