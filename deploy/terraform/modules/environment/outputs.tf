output "cluster_name" {
  description = "For az aks get-credentials."
  value       = module.cluster.name
}

output "database_host" {
  description = "For GRIDOS__STORE__URL in the overlay."
  value       = module.database.host
}

output "vault_name" {
  description = "For the overlay's SecretProviderClasses."
  value       = module.vault.name
}

output "workload_client_id" {
  description = "For the overlay's SecretProviderClasses."
  value       = module.cluster.workload_identity.client_id
}

output "workload_subjects" {
  description = "The service accounts that are this identity."
  value       = module.cluster.subjects
}

output "tenant_id" {
  description = "For the overlay's SecretProviderClasses."
  value       = data.azurerm_client_config.current.tenant_id
}

output "subnets" {
  description = "For the overlay's NetworkPolicies."
  value       = module.network.subnets
}

output "ingress_addresses" {
  description = "For the internal load balancers."
  value       = module.network.ingress_addresses
}

output "public_address" {
  description = "For the public names in DNS."
  value       = module.ingress.public_address
}

output "facts" {
  description = "What a plan is held against, by tests and by who approves it."
  value = {
    cluster    = module.cluster.facts
    database   = module.database.facts
    ingress    = module.ingress.facts
    vault      = module.vault.facts
    open_ports = module.network.open_ports
  }
}
