# One state for each environment, in a storage account that versions it; a lease on the blob keeps two runs apart. Runs come in by
# OIDC: no key and no password is stored anywhere.
terraform {
  required_version = ">= 1.11"

  required_providers {
    azurerm = {
      source  = "hashicorp/azurerm"
      version = "~> 4.79"
    }
  }

  backend "azurerm" {
    resource_group_name  = "rg-gridos-state"
    storage_account_name = "stgridosstate"
    container_name       = "test"
    key                  = "gridos.tfstate"
    use_oidc             = true
    use_azuread_auth     = true
  }
}

provider "azurerm" {
  use_oidc            = true
  storage_use_azuread = true

  features {
    key_vault {
      purge_soft_delete_on_destroy = false
    }
    resource_group {
      prevent_deletion_if_contains_resources = true
    }
  }
}
