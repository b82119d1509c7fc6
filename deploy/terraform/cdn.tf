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

  # What `manage.py deploy` writes to the bucket, and which headers it is served with. Everything else is the
  # server's: pages and /ws/.
  exported = {
    "/static/*"             = "files"
    "/offline/"             = "pages"
    "/sw.js"                = "pages"
    "/manifest.webmanifest" = "pages"
    "/config.json"          = "pages"
  }

  # The same that the server sends with them; the policies are in deploy/export/policy.py, too.
  headers = {
    files = {
      referrer = "no-referrer"
      policy   = "default-src 'none'; frame-ancestors 'none'"
      more     = { "Cross-Origin-Resource-Policy" = "same-origin" }
    }
    pages = {
      referrer = "same-origin"
      policy   = "default-src 'none'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; manifest-src 'self'; worker-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
      more = {
        "Cross-Origin-Opener-Policy"   = "same-origin"
        "Cross-Origin-Resource-Policy" = "same-origin"
        "Permissions-Policy"           = "camera=(), geolocation=(), microphone=(), payment=(), usb=()"
      }
    }
  }
}

resource "aws_cloudfront_origin_access_control" "static" {
  name                              = local.unique
  description                       = "CloudFront reads the static files of ${local.name}"
  origin_access_control_origin_type = "s3"
  signing_behavior                  = "always"
  signing_protocol                  = "sigv4"
}

# Browsers get the best of the variants that they take.
resource "aws_cloudfront_function" "variants" {
  name    = "${local.name}-variants"
  runtime = "cloudfront-js-2.0"
  comment = "Compressed variants of hashed files"
  code    = file("${path.module}/variants.js")
  publish = true
}

resource "aws_cloudfront_response_headers_policy" "exported" {
  for_each = local.headers

  name = "${local.name}-${each.key}"

  security_headers_config {
    content_security_policy {
      content_security_policy = each.value.policy
      override                = true
    }

    content_type_options {
      override = true
    }

    frame_options {
      frame_option = "DENY"
      override     = true
    }

    referrer_policy {
      referrer_policy = each.value.referrer
      override        = true
    }

    strict_transport_security {
      access_control_max_age_sec = 31536000
      include_subdomains         = true
      preload                    = true
      override                   = true
    }
  }

  custom_headers_config {
    dynamic "items" {
      for_each = each.value.more

      content {
        header   = items.key
        value    = items.value
        override = true
      }
    }
  }
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
      path_pattern               = ordered_cache_behavior.key
      target_origin_id           = "static"
      viewer_protocol_policy     = "redirect-to-https"
      allowed_methods            = ["GET", "HEAD"]
      cached_methods             = ["GET", "HEAD"]
      cache_policy_id            = local.managed.caching_optimized
      response_headers_policy_id = aws_cloudfront_response_headers_policy.exported[ordered_cache_behavior.value].id
      compress                   = true

      dynamic "function_association" {
        for_each = ordered_cache_behavior.value == "files" ? [aws_cloudfront_function.variants.arn] : []

        content {
          event_type   = "viewer-request"
          function_arn = function_association.value
        }
      }
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
