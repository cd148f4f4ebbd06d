# What every module is told.

variable "environment" {
  description = "dev, test or prod; part of all names."
  type        = string
}

variable "location" {
  description = "Region of Azure."
  type        = string
}
