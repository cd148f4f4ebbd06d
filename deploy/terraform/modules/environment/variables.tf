variable "address_space" {
  description = "The network, a /16 of its own."
  type        = string
}

variable "field_networks" {
  description = "Networks of devices that dial in."
  type        = list(string)
}

variable "admin_group_ids" {
  description = "Groups of the directory that administer the cluster."
  type        = list(string)
}

variable "kubernetes_version" {
  description = "The minor version of Kubernetes."
  type        = string
}

variable "istio_revision" {
  description = "Revisions of the Istio add-on; two while it is upgraded."
  type        = list(string)
}

variable "cluster_sku_tier" {
  description = "Standard or Free."
  type        = string

  validation {
    condition     = contains(["Free", "Standard", "Premium"], var.cluster_sku_tier)
    error_message = "cluster_sku_tier must be Free, Standard or Premium."
  }
}

variable "engine_nodes" {
  description = "The machines of the engines."
  type        = object({ vm_size = string, min = number, max = number })

  validation {
    condition     = var.engine_nodes.min >= 1 && var.engine_nodes.max >= var.engine_nodes.min
    error_message = "engine_nodes needs at least one machine, and no fewer at most than at least."
  }
}

variable "gateway_capacity" {
  description = "Units of Application Gateway."
  type        = object({ min = number, max = number })
}

variable "database" {
  description = "PostgreSQL: its size, its backups, and whether a standby takes over."
  type = object({
    sku_name              = string
    storage_mb            = number
    backup_retention_days = number
    is_highly_available   = bool
  })

  validation {
    condition     = var.database.backup_retention_days >= 7 && var.database.backup_retention_days <= 35
    error_message = "backup_retention_days must be from 7 to 35."
  }
}

variable "database_administrator_password" {
  description = "Given to each run, kept by none."
  type        = string
  ephemeral   = true
  sensitive   = true
}

variable "database_administrator_password_version" {
  description = "Raise it to set the password anew."
  type        = number
}

variable "log_retention_days" {
  description = "How long Azure's logs are kept."
  type        = number
}
