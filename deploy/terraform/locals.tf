data "aws_caller_identity" "here" {}

data "aws_partition" "here" {}

locals {
  name    = "chatscape-${var.environment}"
  account = data.aws_caller_identity.here.account_id
  # For what is named once in the whole world.
  unique = "${local.name}-${local.account}"

  tags = {
    Project     = "chatscape"
    Environment = var.environment
    ManagedBy   = "terraform"
  }

  # Resources that are there once or not at all are made `for_each` of these.
  named   = toset(var.domain == "" ? [] : [var.domain])
  serving = toset(var.image_tag == "" ? [] : ["web"])

  host       = var.domain == "" ? aws_cloudfront_distribution.front.domain_name : var.domain
  public_url = "https://${local.host}"

  port = 8000
  # Seconds. A socket is never silent for longer than a heartbeat. The server keeps an unused connection
  # for longer than the balancer does, so that none is closed under a request that is on its way.
  heartbeat        = 20
  balancer_idle    = 300
  server_idle      = 330
  draining         = 30
  stopping         = 60
  files            = 65536
  metric_namespace = "ChatScape"
}
