variables {
  pipeline_principal_id = "00000000-0000-0000-0000-000000000001"
}

run "nobody_pushes_or_pulls_unknown" {
  command = plan

  assert {
    condition     = !azurerm_container_registry.this.admin_enabled && !azurerm_container_registry.this.anonymous_pull_enabled
    error_message = "The registry must ask everybody who they are."
  }
  assert {
    condition     = azurerm_container_registry.this.name == "gridosacr"
    error_message = "Overlays name images gridosacr.azurecr.io/gridos."
  }
  assert {
    condition     = azurerm_role_assignment.push.role_definition_name == "AcrPush"
    error_message = "The pipeline pushes, and administers nothing."
  }
}
