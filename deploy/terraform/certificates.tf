# One for CloudFront, where it looks for certificates, and one for the balancer, where that is.
resource "aws_acm_certificate" "edge" {
  for_each = local.named
  provider = aws.us_east_1

  domain_name       = each.key
  validation_method = "DNS"

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_acm_certificate" "balancer" {
  for_each = local.named

  domain_name       = each.key
  validation_method = "DNS"

  lifecycle {
    create_before_destroy = true
  }
}

# The same record proves both: it depends on the domain and the account only.
resource "aws_route53_record" "proof" {
  for_each = local.named

  zone_id         = var.zone_id
  name            = tolist(aws_acm_certificate.edge[each.key].domain_validation_options)[0].resource_record_name
  type            = tolist(aws_acm_certificate.edge[each.key].domain_validation_options)[0].resource_record_type
  records         = [tolist(aws_acm_certificate.edge[each.key].domain_validation_options)[0].resource_record_value]
  ttl             = 300
  allow_overwrite = true
}

resource "aws_acm_certificate_validation" "edge" {
  for_each = local.named
  provider = aws.us_east_1

  certificate_arn         = aws_acm_certificate.edge[each.key].arn
  validation_record_fqdns = [aws_route53_record.proof[each.key].fqdn]
}

resource "aws_acm_certificate_validation" "balancer" {
  for_each = local.named

  certificate_arn         = aws_acm_certificate.balancer[each.key].arn
  validation_record_fqdns = [aws_route53_record.proof[each.key].fqdn]
}

resource "aws_route53_record" "front" {
  for_each = var.domain == "" ? [] : toset(["A", "AAAA"])

  zone_id = var.zone_id
  name    = var.domain
  type    = each.key

  alias {
    name                   = aws_cloudfront_distribution.front.domain_name
    zone_id                = aws_cloudfront_distribution.front.hosted_zone_id
    evaluate_target_health = false
  }
}
