"""The counts of the report are those that tests have made."""

from benchmarks import faults

REPORT = """<testsuites><testsuite>
<testcase classname="tests.faults.test_fault_disk" name="a" time="1.5"><properties>
<property name="trials" value="20"/></properties></testcase>
<testcase classname="tests.faults.test_fault_disk" name="b" time="0.5"><properties>
<property name="trials" value="3"/></properties><failure message="no"/></testcase>
<testcase classname="tests.faults.test_fault_nan" name="c" time="1"><skipped/></testcase>
</testsuite></testsuites>"""


def test_counts_are_added_up(tmp_path):
    (tmp_path / "report.xml").write_text(REPORT)
    assert faults.read(tmp_path / "report.xml") == {
        "disk": {"tests": 2, "trials": 23, "failed": 1, "skipped": 0, "seconds": 2.0},
        "nan": {"tests": 1, "trials": 0, "failed": 0, "skipped": 1, "seconds": 1.0},
    }
