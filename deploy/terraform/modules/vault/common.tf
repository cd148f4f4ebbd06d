# What every module is told.

variable "environment" {
  description = "dev, test or prod; part of all names."
  type        = string
}

variable "location" {
  description = "Region of Azure."
  type        = string
}

variable "resource_group_name" {
  description = "The group that everything is in."
  type        = string
}

variable "tags" {
  description = "On everything that takes tags."
  type        = map(string)
}
