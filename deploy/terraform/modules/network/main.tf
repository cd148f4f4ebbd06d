# One network for each environment, and who may talk to whom in it.
#
#   .0/20   nodes       the cluster's machines; pods have addresses of their own (overlay) and leave by their node's
#   .16/24  database    PostgreSQL, and nothing else
#   .17/24  gateway     Application Gateway
#   .18/28  api         the API of Kubernetes
#   .19/24  endpoints   Key Vault
#   .20/28  ingress     addresses of the internal load balancers: .4 for requests, .5 for devices that dial in
#   .21/28  runners     machines of the pipeline and of operators: the only ones from which vault, database and API are reached

variable "address_space" {
  description = "The network, a /16 that overlaps no other environment and no network of the field."
  type        = string

  validation {
    condition     = can(cidrhost(var.address_space, 1)) && endswith(var.address_space, "/16")
    error_message = "address_space must be a /16, for example 10.10.0.0/16."
  }
}

variable "pod_cidr" {
  description = "Where pods have their addresses. They are no part of the network, but come from node to node as they are, and groups judge them."
  type        = string
}

variable "field_networks" {
  description = "Networks of RTUs, PLCs and gateways, from which devices dial in."
  type        = list(string)
}

locals {
  subnets = {
    nodes     = cidrsubnet(var.address_space, 4, 0)
    database  = cidrsubnet(var.address_space, 8, 16)
    gateway   = cidrsubnet(var.address_space, 8, 17)
    api       = cidrsubnet(var.address_space, 12, 288)
    endpoints = cidrsubnet(var.address_space, 8, 19)
    ingress   = cidrsubnet(var.address_space, 12, 320)
    runners   = cidrsubnet(var.address_space, 12, 336)
  }
  # Application Gateway and the API of Kubernetes bring rules of their own to their subnets; the first gets them here.
  delegations = {
    database = "Microsoft.DBforPostgreSQL/flexibleServers"
    api      = "Microsoft.ContainerService/managedClusters"
  }
  # Who may come in, by subnet; all others of the network and the Internet are refused after these.
  inbound = {
    nodes = {
      requests       = { priority = 100, from = local.subnets.gateway, ports = ["443"] }
      nodes          = { priority = 110, from = local.subnets.nodes, ports = ["0-65535"], protocol = "*" }
      pods           = { priority = 115, from = var.pod_cidr, ports = ["0-65535"], protocol = "*" }
      api            = { priority = 120, from = local.subnets.api, ports = ["0-65535"] }
      load-balancers = { priority = 130, from = "AzureLoadBalancer", ports = ["0-65535"] }
    }
    database = {
      engines  = { priority = 100, from = local.subnets.nodes, ports = ["5432", "6432"] }
      replicas = { priority = 110, from = local.subnets.database, ports = ["5432", "6432"] }
      runners  = { priority = 120, from = local.subnets.runners, ports = ["5432"] }
    }
    gateway = {
      requests       = { priority = 100, from = "Internet", ports = ["443"] }
      management     = { priority = 110, from = "GatewayManager", ports = ["65200-65535"] }
      load-balancers = { priority = 120, from = "AzureLoadBalancer", ports = ["0-65535"] }
    }
    endpoints = {
      nodes   = { priority = 100, from = local.subnets.nodes, ports = ["443"] }
      gateway = { priority = 110, from = local.subnets.gateway, ports = ["443"] }
      runners = { priority = 120, from = local.subnets.runners, ports = ["443"] }
    }
    # They ask for work, and nobody comes in.
    runners = {}
  }
  rules = merge([
    for subnet, rules in local.inbound : {
      for name, rule in rules : "${subnet}-${name}" => merge(rule, { subnet = subnet, name = name })
    }
  ]...)
}

resource "azurerm_virtual_network" "this" {
  name                = "vnet-gridos-${var.environment}"
  location            = var.location
  resource_group_name = var.resource_group_name
  address_space       = [var.address_space]
  tags                = var.tags
}

resource "azurerm_subnet" "this" {
  #checkov:skip=CKV2_AZURE_31:All that has machines is guarded; api brings Azure's own rules, ingress has addresses of load balancers, whose packets are judged at the nodes

  for_each = local.subnets

  name                              = each.key
  resource_group_name               = var.resource_group_name
  virtual_network_name              = azurerm_virtual_network.this.name
  address_prefixes                  = [each.value]
  default_outbound_access_enabled   = false
  private_endpoint_network_policies = "Enabled"

  dynamic "delegation" {
    for_each = contains(keys(local.delegations), each.key) ? [local.delegations[each.key]] : []
    content {
      name = "service"
      service_delegation {
        name    = delegation.value
        actions = ["Microsoft.Network/virtualNetworks/subnets/join/action"]
      }
    }
  }
}

resource "azurerm_network_security_group" "this" {
  for_each = local.inbound

  name                = "nsg-gridos-${var.environment}-${each.key}"
  location            = var.location
  resource_group_name = var.resource_group_name
  tags                = var.tags
}

resource "azurerm_network_security_rule" "inbound" {
  for_each = local.rules

  name                        = "allow-${each.value.name}"
  resource_group_name         = var.resource_group_name
  network_security_group_name = azurerm_network_security_group.this[each.value.subnet].name
  direction                   = "Inbound"
  access                      = "Allow"
  priority                    = each.value.priority
  protocol                    = try(each.value.protocol, "Tcp")
  source_address_prefix       = each.value.from
  source_port_range           = "*"
  destination_address_prefix  = "*"
  destination_port_ranges     = each.value.ports
}

# Devices that dial in: DNP3, and Modbus over TLS. Never through Application Gateway, which speaks HTTP only.
resource "azurerm_network_security_rule" "dial_in" {
  count = length(var.field_networks) > 0 ? 1 : 0

  name                        = "allow-devices-that-dial-in"
  resource_group_name         = var.resource_group_name
  network_security_group_name = azurerm_network_security_group.this["nodes"].name
  direction                   = "Inbound"
  access                      = "Allow"
  priority                    = 200
  protocol                    = "Tcp"
  source_address_prefixes     = var.field_networks
  source_port_range           = "*"
  destination_address_prefix  = "*"
  destination_port_ranges     = ["802", "10802", "20000"]
}

# Azure allows all of a network by default: here, only what stands above.
resource "azurerm_network_security_rule" "deny" {
  for_each = local.inbound

  name                        = "deny-all-others"
  resource_group_name         = var.resource_group_name
  network_security_group_name = azurerm_network_security_group.this[each.key].name
  direction                   = "Inbound"
  access                      = "Deny"
  priority                    = 4096
  protocol                    = "*"
  source_address_prefix       = "*"
  source_port_range           = "*"
  destination_address_prefix  = "*"
  destination_port_range      = "*"
}

resource "azurerm_subnet_network_security_group_association" "this" {
  for_each = local.inbound

  subnet_id                 = azurerm_subnet.this[each.key].id
  network_security_group_id = azurerm_network_security_group.this[each.key].id
  depends_on                = [azurerm_network_security_rule.inbound, azurerm_network_security_rule.deny]
}

# The way out: images, the identity provider, GitHub.
resource "azurerm_public_ip" "outbound" {
  name                = "pip-gridos-${var.environment}-outbound"
  location            = var.location
  resource_group_name = var.resource_group_name
  allocation_method   = "Static"
  sku                 = "Standard"
  tags                = var.tags
}

resource "azurerm_nat_gateway" "this" {
  name                = "ng-gridos-${var.environment}"
  location            = var.location
  resource_group_name = var.resource_group_name
  sku_name            = "Standard"
  tags                = var.tags
}

resource "azurerm_nat_gateway_public_ip_association" "this" {
  nat_gateway_id       = azurerm_nat_gateway.this.id
  public_ip_address_id = azurerm_public_ip.outbound.id
}

resource "azurerm_subnet_nat_gateway_association" "this" {
  for_each = toset(["nodes", "runners"])

  subnet_id      = azurerm_subnet.this[each.key].id
  nat_gateway_id = azurerm_nat_gateway.this.id
}

output "id" {
  description = "The network's resource id."
  value       = azurerm_virtual_network.this.id
}

output "subnet_ids" {
  description = "Resource ids of the subnets by their names."
  value       = { for name, subnet in azurerm_subnet.this : name => subnet.id }
  # Nothing is put into a subnet before it is guarded.
  depends_on = [azurerm_subnet_network_security_group_association.this, azurerm_subnet_nat_gateway_association.this]
}

output "subnets" {
  description = "Ranges of the subnets by their names."
  value       = local.subnets
}

output "ingress_addresses" {
  description = "Where the internal load balancers are: for requests, and for devices that dial in."
  value       = { requests = cidrhost(local.subnets.ingress, 4), dial_in = cidrhost(local.subnets.ingress, 5) }
}

output "open_ports" {
  description = "Which ports of which subnets are open for whom."
  value = merge(
    { for name, rule in local.rules : name => { from = rule.from, ports = rule.ports, protocol = try(rule.protocol, "Tcp") } },
    { for rule in azurerm_network_security_rule.dial_in : "nodes-dial-in" => { from = join(",", sort(rule.source_address_prefixes)), ports = sort(rule.destination_port_ranges), protocol = rule.protocol } },
  )
}
