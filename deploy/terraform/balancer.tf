locals {
  # With a domain there is a certificate, and CloudFront speaks TLS to the balancer. Without one nobody signs
  # a certificate for the balancer's own name, so that this leg is plain HTTP; people speak TLS to CloudFront
  # in both cases. One port only: CloudFront redirects plain requests of people itself.
  listener = var.domain == "" ? { port = 80, protocol = "HTTP" } : { port = 443, protocol = "HTTPS" }
}

resource "aws_lb" "front" {
  name               = local.name
  load_balancer_type = "application"
  internal           = false
  subnets            = local.subnet_ids["public"]
  security_groups    = [aws_security_group.each["balancer"].id]

  # Sockets live as long as something is said within this time: heartbeats are.
  idle_timeout               = local.balancer_idle
  drop_invalid_header_fields = true
  # The strictest refuses people for a cookie of another site of the domain that has a letter beyond ASCII in it.
  desync_mitigation_mode           = "defensive"
  enable_http2                     = true
  enable_cross_zone_load_balancing = true
  enable_deletion_protection       = var.deletion_protection
}

resource "aws_lb_target_group" "web" {
  name        = local.name
  vpc_id      = aws_vpc.main.id
  target_type = "ip"
  port        = local.port
  protocol    = "HTTP"
  # Whoever has few requests under way gets the next: after a restart sockets go where there is room.
  load_balancing_algorithm_type = "least_outstanding_requests"
  # Requests that are under way are answered. ECS waits for this before it tells the server to end: sockets that
  # last longer are cut by the balancer, and come back by themselves.
  deregistration_delay = local.draining

  # Ready says no while the database is gone. Replacing tasks would not bring it back: a failover of the
  # database is waited for (10 times 15 s).
  health_check {
    path                = "/health/ready"
    matcher             = "200"
    interval            = 15
    timeout             = 10
    healthy_threshold   = 2
    unhealthy_threshold = 10
  }
}

# Whoever does not come through this CloudFront distribution is refused.
resource "aws_lb_listener" "front" {
  load_balancer_arn = aws_lb.front.arn
  port              = local.listener.port
  protocol          = local.listener.protocol
  ssl_policy        = var.domain == "" ? null : "ELBSecurityPolicy-TLS13-1-2-2021-06"
  certificate_arn   = one([for validation in aws_acm_certificate_validation.balancer : validation.certificate_arn])

  default_action {
    type = "fixed-response"

    fixed_response {
      content_type = "text/plain"
      message_body = "Not here"
      status_code  = "403"
    }
  }
}

resource "aws_lb_listener_rule" "cloudfront" {
  listener_arn = aws_lb_listener.front.arn
  priority     = 10

  condition {
    http_header {
      http_header_name = local.origin_header
      values           = [local.made["origin"]]
    }
  }

  action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.web.arn
  }
}
