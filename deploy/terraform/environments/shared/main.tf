# The registry: images are built once, and promoted from environment to environment by their digest.

locals {
  tags = { application = "gridos", environment = "shared", managed-by = "terraform" }
}

resource "azurerm_resource_group" "this" {
  name     = "rg-gridos-shared"
  location = "westeurope"
  tags     = local.tags
}

resource "azurerm_container_registry" "this" {
  #checkov:skip=CKV_AZURE_164:Content trust is retired by Azure; images are promoted and pulled by their digest
  #checkov:skip=CKV_AZURE_166:Trivy judges an image before it is pushed; quarantine needs a webhook service that nobody would run
  #checkov:skip=CKV_AZURE_139:Runners of GitHub push from the Internet; everybody is asked who they are, and nobody pulls unknown

  name                    = "gridosacr"
  location                = azurerm_resource_group.this.location
  resource_group_name     = azurerm_resource_group.this.name
  sku                     = "Premium"
  admin_enabled           = false
  anonymous_pull_enabled  = false
  zone_redundancy_enabled = true
  # Runners of GitHub push, nodes of three networks pull: by identities only, each asked.
  public_network_access_enabled = true
  # What no tag names any more, as after a tag was moved.
  retention_policy_in_days = 30
  data_endpoint_enabled    = true
  tags                     = local.tags

  georeplications {
    location                = "northeurope"
    zone_redundancy_enabled = true
    tags                    = local.tags
  }

  lifecycle {
    prevent_destroy = true
  }
}

# Who builds and promotes: identities of the pipeline, by OIDC. dev and test push, and so does production, which gives a version.
variable "pipeline_principal_ids" {
  description = "Object ids of the pipeline's identities: of dev, test and production, or one for all."
  type        = set(string)
}

resource "azurerm_role_assignment" "push" {
  for_each = var.pipeline_principal_ids

  scope                = azurerm_container_registry.this.id
  role_definition_name = "AcrPush"
  principal_id         = each.value
}

output "login_server" {
  description = "What images are called by."
  value       = azurerm_container_registry.this.login_server
}
