"""The code fits the provider's schema, and names nothing that is not there. Runs without terraform."""

import shutil

import pytest

from deploy.tests.terraform import hcl, schema, wrong

BUCKET = 'resource "aws_s3_bucket" "other" {\n  bucket = var.environment\n%s}\n'


@pytest.fixture
def copy(tmp_path):
    """Copy the code and add to it; return what is then wrong."""

    def of(text):
        for file in hcl.FOLDER.glob("*.tf"):
            shutil.copy(file, tmp_path)
        (tmp_path / "broken.tf").write_text(text)
        return wrong.problems(hcl.read(tmp_path), schema.load())

    return of


def test_nothing_is_wrong():
    assert wrong.problems(hcl.read(), schema.load()) == []


def test_the_schema_is_the_one_of_the_pinned_provider():
    assert schema.load()["version"] == wrong.provider_version(hcl.read())


def test_the_schema_holds_what_is_used_and_nothing_else():
    blocks = hcl.read()
    for kind in ("resource", "data"):
        assert set(schema.load()[kind]) == {block.labels[0] for block in blocks if block.kind == kind}


def test_a_sound_addition_is_sound(copy):
    assert copy(BUCKET % "") == []


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (BUCKET % "  buckit = 1\n", "there is no attribute buckit"),
        (BUCKET % '  arn = "x"\n', "arn is computed and cannot be set"),
        (BUCKET % '  force_destroy = "perhaps"\n', "force_destroy must be bool"),
        (BUCKET % '  tags = ["x"]\n', "tags must be"),
        (BUCKET % "  versions {}\n", "there is no block versions"),
        (BUCKET % "  website = {}\n", "website is a block, not an attribute"),
        (BUCKET % "  website {}\n  website {}\n", "at most 1 blocks website, not 2"),
        ('resource "aws_s3_bucket_policy" "x" {\n  bucket = "x"\n}\n', "policy is missing"),
        (
            'resource "aws_s3_bucket_versioning" "x" {\n  bucket = "x"\n}\n',
            "block versioning_configuration is missing",
        ),
        (
            'resource "aws_s3_bucket_versioning" "x" {\n  bucket = "x"\n  versioning_configuration {}\n}\n',
            "status is missing",
        ),
        (
            BUCKET % '  dynamic "website" {\n    content {\n      index_document {}\n    }\n  }\n',
            "dynamic website needs for_each",
        ),
        ('resource "aws_s3_bukkit" "x" {}\n', "has no aws_s3_bukkit"),
        ('output "x" {\n  value = var.nothing\n}\n', "var.nothing is not declared"),
        ('output "x" {\n  value = "a ${local.nothing}"\n}\n', "local.nothing is not declared"),
        ('output "x" {\n  value = aws_s3_bucket.none.id\n}\n', "aws_s3_bucket.none.id is not declared"),
        ('output "x" {\n  value = data.aws_region.none.id\n}\n', "data.aws_region.none.id is not declared"),
        ('output "x" {\n  value = aws_s3_bucket.static.colour\n}\n', "aws_s3_bucket has no colour"),
        ('output "x" {\n  value = aws_s3_bucket.static[0].id\n}\n', "it has no index"),
        ('output "x" {\n  value = aws_subnet.each.id\n}\n', "there are several, say which"),
        ('output "x" {\n  value = [for one in aws_vpc.main : two.id]\n}\n', "two.id is not declared"),
        ('output "x" {\n  value = each.key\n}\n', "each.key is not declared"),
        ('output "x" {\n  value = <<-E\n    ${var.nothing}\n  E\n}\n', "var.nothing is not declared"),
        ('output "url" {\n  value = 1\n}\n', "output.url: is declared in"),
        ('variable "spare" {\n  type = string\n}\n', "variable.spare: is never used"),
        ("locals {\n  spare = 1\n}\n", "local.spare is never used"),
        ('data "aws_partition" "spare" {}\n', "data.aws_partition.spare: is never used"),
    ],
)
def test_what_is_broken_is_found(copy, text, problem):
    assert [line for line in copy(text) if problem in line]


def test_an_attribute_that_is_taken_away_is_missed(tmp_path):
    for file in hcl.FOLDER.glob("*.tf"):
        text = file.read_text()
        (tmp_path / file.name).write_text(text.replace('  subnet_ids = local.subnet_ids["data"]\n', "", 1))

    assert [
        line for line in wrong.problems(hcl.read(tmp_path), schema.load()) if "subnet_ids is missing" in line
    ]
