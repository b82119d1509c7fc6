data "aws_availability_zones" "here" {
  state = "available"

  filter {
    name   = "opt-in-status"
    values = ["opt-in-not-required"]
  }
}

locals {
  # What lives in a kind of subnet, and the place of its addresses among sixteen.
  kinds = merge(
    { public = 0, data = 4 },
    var.nat_gateway ? { tasks = 8 } : {},
  )
  subnets = merge([
    for kind, place in local.kinds : {
      for number in range(var.zones) : "${kind}-${number}" => {
        kind   = kind
        number = number
        cidr   = cidrsubnet(var.cidr, 4, place + number)
      }
    }
  ]...)
  subnet_ids   = { for kind in keys(local.kinds) : kind => [for key, subnet in local.subnets : aws_subnet.each[key].id if subnet.kind == kind] }
  task_subnets = local.subnet_ids[var.nat_gateway ? "tasks" : "public"]
  nat          = { for key, subnet in local.subnets : key => subnet if subnet.kind == "tasks" }
}

resource "aws_vpc" "main" {
  cidr_block           = var.cidr
  enable_dns_support   = true
  enable_dns_hostnames = true

  tags = { Name = local.name }
}

# Nothing uses the group that every network has: it lets nothing in and nothing out.
resource "aws_default_security_group" "unused" {
  vpc_id = aws_vpc.main.id

  tags = { Name = "${local.name}-unused" }
}

resource "aws_subnet" "each" {
  for_each = local.subnets

  vpc_id            = aws_vpc.main.id
  cidr_block        = each.value.cidr
  availability_zone = data.aws_availability_zones.here.names[each.value.number]
  # Who needs a public address asks for it.
  map_public_ip_on_launch = false

  tags = { Name = "${local.name}-${each.key}" }

  lifecycle {
    # A zone that AWS opens later changes the order of their names, which moves nothing that is there.
    ignore_changes = [availability_zone]
  }
}

resource "aws_internet_gateway" "main" {
  vpc_id = aws_vpc.main.id

  tags = { Name = local.name }
}

# The data's subnets have a table without a way out.
resource "aws_route_table" "each" {
  for_each = setunion(["public", "data"], keys(local.nat))

  vpc_id = aws_vpc.main.id

  tags = { Name = "${local.name}-${each.key}" }
}

resource "aws_route_table_association" "each" {
  for_each = local.subnets

  subnet_id      = aws_subnet.each[each.key].id
  route_table_id = aws_route_table.each[each.value.kind == "tasks" ? each.key : each.value.kind].id
}

resource "aws_route" "internet" {
  route_table_id         = aws_route_table.each["public"].id
  destination_cidr_block = "0.0.0.0/0"
  gateway_id             = aws_internet_gateway.main.id
}

resource "aws_eip" "nat" {
  for_each = local.nat

  domain = "vpc"

  tags = { Name = "${local.name}-${each.key}" }

  depends_on = [aws_internet_gateway.main]
}

resource "aws_nat_gateway" "each" {
  for_each = local.nat

  allocation_id = aws_eip.nat[each.key].id
  subnet_id     = aws_subnet.each["public-${each.value.number}"].id

  tags = { Name = "${local.name}-${each.key}" }
}

resource "aws_route" "nat" {
  for_each = local.nat

  route_table_id         = aws_route_table.each[each.key].id
  destination_cidr_block = "0.0.0.0/0"
  nat_gateway_id         = aws_nat_gateway.each[each.key].id
}

# Layers of images come from S3: this way is free, the one through a NAT gateway is not.
resource "aws_vpc_endpoint" "s3" {
  vpc_id            = aws_vpc.main.id
  service_name      = "com.amazonaws.${var.region}.s3"
  vpc_endpoint_type = "Gateway"
  route_table_ids   = [for key, table in aws_route_table.each : table.id if key != "data"]

  tags = { Name = "${local.name}-s3" }
}
