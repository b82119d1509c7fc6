locals {
  # By these the server knows that a request came through here, and how people sent it: the balancer writes
  # its own X-Forwarded-Proto, which says how CloudFront reached it. Plain requests of people are redirected
  # below, so that whatever gets as far as the server was https.
  origin_header   = "X-Origin-Secret"
  protocol_header = "X-Viewer-Protocol"

  # AWS's own policies have the same ids everywhere.
  managed = {
    caching_optimized = "658327ea-f89d-4fab-a63d-7e88639e58f6"
    caching_disabled  = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
    all_viewer        = "216adef6-5c7f-47e4-b989-5492eafa07d3"
  }

  # What `manage.py deploy` writes to the bucket. Everything else is the server's: pages and /ws/.
  exported = ["static/*", "offline/*", "sw.js", "manifest.webmanifest", "config.json"]
}

resource "aws_cloudfront_origin_access_control" "static" {
  name                              = local.unique
  description                       = "CloudFront reads the static files of ${local.name}"
  origin_access_control_origin_type = "s3"
  signing_behavior                  = "always"
  signing_protocol                  = "sigv4"
}

resource "aws_cloudfront_distribution" "front" {
  comment         = local.name
  enabled         = true
  is_ipv6_enabled = true
  http_version    = "http2and3"
  price_class     = var.price_class
  aliases         = local.named

  origin {
    origin_id                = "static"
    domain_name              = aws_s3_bucket.static.bucket_regional_domain_name
    origin_access_control_id = aws_cloudfront_origin_access_control.static.id
  }

  origin {
    origin_id   = "app"
    domain_name = aws_lb.front.dns_name

    custom_origin_config {
      http_port                = 80
      https_port               = 443
      origin_protocol_policy   = var.domain == "" ? "http-only" : "https-only"
      origin_ssl_protocols     = ["TLSv1.2"]
      origin_read_timeout      = 60
      origin_keepalive_timeout = 60
    }

    custom_header {
      name  = local.origin_header
      value = local.made["origin"]
    }

    custom_header {
      name  = local.protocol_header
      value = "https"
    }
  }

  # Pages and sockets: nothing is cached, everything that the browser sent arrives, the name it asked for
  # included. CloudFront carries WebSockets by itself and ends them after ten minutes of silence.
  default_cache_behavior {
    target_origin_id         = "app"
    viewer_protocol_policy   = "redirect-to-https"
    allowed_methods          = ["GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE"]
    cached_methods           = ["GET", "HEAD"]
    cache_policy_id          = local.managed.caching_disabled
    origin_request_policy_id = local.managed.all_viewer
    compress                 = true
  }

  dynamic "ordered_cache_behavior" {
    for_each = local.exported

    content {
      path_pattern           = ordered_cache_behavior.value
      target_origin_id       = "static"
      viewer_protocol_policy = "redirect-to-https"
      allowed_methods        = ["GET", "HEAD", "OPTIONS"]
      cached_methods         = ["GET", "HEAD"]
      cache_policy_id        = local.managed.caching_optimized
      compress               = true
    }
  }

  restrictions {
    geo_restriction {
      restriction_type = "none"
    }
  }

  viewer_certificate {
    cloudfront_default_certificate = var.domain == ""
    acm_certificate_arn            = one([for validation in aws_acm_certificate_validation.edge : validation.certificate_arn])
    ssl_support_method             = var.domain == "" ? null : "sni-only"
    # CloudFront's own certificate has a policy of its own, which cannot be chosen.
    minimum_protocol_version = var.domain == "" ? "TLSv1" : "TLSv1.2_2021"
  }
}
