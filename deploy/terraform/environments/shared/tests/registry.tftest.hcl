variables {
  pipeline_principal_ids = ["00000000-0000-0000-0000-000000000001", "00000000-0000-0000-0000-000000000002"]
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
    condition     = [for right in azurerm_role_assignment.push : right.role_definition_name] == ["AcrPush", "AcrPush"]
    error_message = "Each identity of the pipeline pushes, and administers nothing."
  }
}
