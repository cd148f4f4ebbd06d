# Application Gateway with a firewall for requests: HTTPS in, HTTPS to the internal ingress gateway of Istio. An ingress controller of
# its own would send to pods past Istio, and so past the weights of a canary.

variable "subnet_id" {
  description = "Its own subnet."
  type        = string
}

variable "workspace_id" {
  description = "Where its logs go."
  type        = string
}

variable "hosts" {
  description = "The public names: of GridOS first, then of Argo CD."
  type        = list(string)
}

variable "backend_address" {
  description = "Where the internal ingress gateway listens."
  type        = string
}

variable "certificate_secret_id" {
  description = "The secret of the Key Vault that holds the certificate of the public names, without a version, so that a new one is taken."
  type        = string
}

variable "capacity" {
  description = "The least and the most units it scales between."
  type        = object({ min = number, max = number })
}

variable "identity" {
  description = "The identity that reads the certificate: its resource id."
  type        = string
}

locals {
  # Each by a probe of its own: GridOS that is not ready takes no requests, and Argo CD, by which it is mended, goes on.
  services = {
    gridos = { host = var.hosts[0], probe = "/health/ready", priority = 100 }
    argocd = { host = var.hosts[1], probe = "/healthz", priority = 110 }
  }
}

resource "azurerm_public_ip" "this" {
  name                = "pip-gridos-${var.environment}-gateway"
  location            = var.location
  resource_group_name = var.resource_group_name
  allocation_method   = "Static"
  sku                 = "Standard"
  zones               = ["1", "2", "3"]
  tags                = var.tags
}

resource "azurerm_web_application_firewall_policy" "this" {
  name                = "waf-gridos-${var.environment}"
  location            = var.location
  resource_group_name = var.resource_group_name
  tags                = var.tags

  policy_settings {
    enabled = true
    mode    = "Prevention"
    # Posts of readings: [http] body_limit is 1 MiB.
    max_request_body_size_in_kb = 1024
    request_body_check          = true
  }

  managed_rules {
    managed_rule_set {
      type    = "OWASP"
      version = "3.2"
    }
    managed_rule_set {
      type    = "Microsoft_BotManagerRuleSet"
      version = "1.1"
    }
  }
}

resource "azurerm_application_gateway" "this" {
  name                              = "agw-gridos-${var.environment}"
  location                          = var.location
  resource_group_name               = var.resource_group_name
  firewall_policy_id                = azurerm_web_application_firewall_policy.this.id
  force_firewall_policy_association = true
  http2_enabled                     = true
  zones                             = ["1", "2", "3"]
  tags                              = var.tags

  sku {
    name = "WAF_v2"
    tier = "WAF_v2"
  }

  autoscale_configuration {
    min_capacity = var.capacity.min
    max_capacity = var.capacity.max
  }

  identity {
    type         = "UserAssigned"
    identity_ids = [var.identity]
  }

  ssl_policy {
    policy_type = "Predefined"
    policy_name = "AppGwSslPolicy20220101S"
  }

  gateway_ip_configuration {
    name      = "gateway"
    subnet_id = var.subnet_id
  }

  frontend_ip_configuration {
    name                 = "public"
    public_ip_address_id = azurerm_public_ip.this.id
  }

  frontend_port {
    name = "https"
    port = 443
  }

  ssl_certificate {
    name                = "public"
    key_vault_secret_id = var.certificate_secret_id
  }

  dynamic "http_listener" {
    for_each = local.services
    content {
      name                           = http_listener.key
      frontend_ip_configuration_name = "public"
      frontend_port_name             = "https"
      protocol                       = "Https"
      host_names                     = [http_listener.value.host]
      ssl_certificate_name           = "public"
      require_sni                    = true
    }
  }

  backend_address_pool {
    name         = "istio"
    ip_addresses = [var.backend_address]
  }

  dynamic "backend_http_settings" {
    for_each = local.services
    content {
      name                  = backend_http_settings.key
      protocol              = "Https"
      port                  = 443
      cookie_based_affinity = "Disabled"
      # By its public name: the ingress gateway tells the two apart by it.
      host_name = backend_http_settings.value.host
      # Longer than a page of history takes; streams of events send something every few seconds.
      request_timeout = 60
      probe_name      = backend_http_settings.key

      connection_draining {
        enabled           = true
        drain_timeout_sec = 30
      }
    }
  }

  dynamic "probe" {
    for_each = local.services
    content {
      name                = probe.key
      protocol            = "Https"
      host                = probe.value.host
      path                = probe.value.probe
      interval            = 10
      timeout             = 5
      unhealthy_threshold = 3
    }
  }

  dynamic "request_routing_rule" {
    for_each = local.services
    content {
      name                       = request_routing_rule.key
      rule_type                  = "Basic"
      priority                   = request_routing_rule.value.priority
      http_listener_name         = request_routing_rule.key
      backend_address_pool_name  = "istio"
      backend_http_settings_name = request_routing_rule.key
    }
  }
}

resource "azurerm_monitor_diagnostic_setting" "this" {
  name                       = "requests"
  target_resource_id         = azurerm_application_gateway.this.id
  log_analytics_workspace_id = var.workspace_id

  enabled_log {
    category = "ApplicationGatewayAccessLog"
  }

  enabled_log {
    category = "ApplicationGatewayFirewallLog"
  }
}

output "public_address" {
  description = "What the public names must resolve to."
  value       = azurerm_public_ip.this.ip_address
}

output "facts" {
  description = "What a plan is held against."
  value = {
    firewall = one(azurerm_web_application_firewall_policy.this.policy_settings[*].mode)
    tier     = one(azurerm_application_gateway.this.sku[*].tier)
    ports    = [for port in azurerm_application_gateway.this.frontend_port : port.port]
    backends = flatten(azurerm_application_gateway.this.backend_address_pool[*].ip_addresses)
    protocol = join(" ", distinct(azurerm_application_gateway.this.backend_http_settings[*].protocol))
    hosts    = flatten(azurerm_application_gateway.this.http_listener[*].host_names)
    # By what each public name is judged, from the listener to the probe.
    probes = flatten([
      for rule in azurerm_application_gateway.this.request_routing_rule : [
        for settings in azurerm_application_gateway.this.backend_http_settings : [
          for probe in azurerm_application_gateway.this.probe : "${rule.http_listener_name} ${probe.host}${probe.path}"
          if probe.name == settings.probe_name
        ] if settings.name == rule.backend_http_settings_name
      ]
    ])
  }
}
