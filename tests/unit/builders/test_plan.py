import pytest
from packaging.requirements import Requirement
from zaffre.adapters.builders.bounds import compatible
from zaffre.adapters.builders.choice import Choice
from zaffre.adapters.builders.interpreters import Interpreter
from zaffre.adapters.builders.plan import plan, want
from zaffre.domain.environments import EnvironmentSpec
from zaffre.domain.errors import InvalidError

OLD = Choice(Interpreter("/p", (3, 10, 13), "stamp"), "3.6", "Python 3.6 became 3.10.")
SAME = Choice(Interpreter("/p", (3, 10, 13), "stamp"), "3.10", "Using Python 3.10.")


def planned(choice=SAME, preferred=(), **spec):
    return plan(want(EnvironmentSpec(**spec)), choice, preferred)


def test_the_documented_program():
    made = planned(conda_packages=("scikit-learn", "pip"), pip_packages=("azureml-defaults",))
    assert made.requirements == ("scikit-learn", "pip")
    assert made.extras == ("data", "defaults")
    assert [attempt.constraints for attempt in made.attempts] == [("pyarrow<26",), ()]
    assert "zaffre-sdk[data,defaults] stands in for azureml-defaults." in made.notes


def test_a_replaced_python_brings_bounds_of_its_age_and_a_way_out():
    made = planned(OLD, pip_packages=("numpy",))
    assert "numpy<1.24" in made.attempts[0].constraints
    assert made.attempts[-1].constraints == ()
    assert "numpy" in made.wheels_only
    assert "setuptools" in made.requirements


def test_the_python_asked_for_brings_none():
    made = planned(SAME, pip_packages=("numpy",))
    assert (made.wheels_only, made.requirements) == ((), ("numpy",))


def test_bounds_that_contradict_a_pin_are_left_out_and_said():
    made = planned(OLD, pip_packages=("numpy==1.26.4", "pandas>=1.0"))
    held = made.attempts[0].constraints
    assert "numpy<1.24" not in held
    assert "pandas<2" in held
    assert any(note.startswith("numpy<1.24 is not held") for note in made.notes)


@pytest.mark.parametrize(
    ("pin", "fits"),
    [
        ("numpy", True),
        ("numpy<2", True),
        ("numpy==1.23.*", True),
        ("numpy>=1.20", True),
        ("numpy==1.24.0", False),
        ("numpy>=1.24", False),
        ("numpy~=1.25", False),
        ("pandas==2.2", True),
    ],
)
def test_what_contradicts_a_bound(pin, fits):
    fitting, left_out = compatible([Requirement("numpy<1.24")], [Requirement(pin)])
    assert (bool(fitting), bool(left_out)) == (fits, not fits)


def test_versions_of_the_submitter_are_tried_for_what_has_none():
    made = planned(
        pip_packages=("numpy", "Pandas==2.0.3", "torch"),
        preferred=("numpy==1.26.4", "pandas==2.2.0", "torch==2.1.0+cpu", "sympy==1.13.0"),
    )
    # What torch needs is preferred too, named or not.
    assert [attempt.constraints for attempt in made.attempts] == [
        ("numpy==1.26.4", "sympy==1.13.0", "torch==2.1.0"),
        (),
    ]


def test_versions_of_the_submitter_give_way_to_bounds():
    made = planned(OLD, pip_packages=("numpy", "six"), preferred=("numpy==2.4.0", "six==1.16.0"))
    assert "numpy==2.4.0" not in made.attempts[0].constraints
    assert "six==1.16.0" in made.attempts[0].constraints


@pytest.mark.parametrize("line", ["numpy", "numpy>=1", "numpy==1.*", "numpy==1,!=2"])
def test_other_forms_of_preference_are_refused(line):
    with pytest.raises(InvalidError, match="name==version"):
        planned(pip_packages=("numpy",), preferred=(line,))


@pytest.mark.parametrize("option", ["--no-binary :all:", "--no-binary PyYAML"])
def test_nothing_is_asked_for_from_source_and_from_a_wheel_alone(option):
    made = planned(preferred=("PyYAML==6.0",), pip_packages=("PyYAML",), pip_options=(option,))
    said = made.arguments(made.attempts[0])
    assert [word.lower() for word in said] == ["--no-binary=pyyaml"]


def test_equal_plans_share_a_key_and_other_ones_do_not():
    one = planned(conda_packages=("numpy",), pip_packages=("pandas",))
    two = planned(conda_packages=("pandas",), pip_packages=("numpy",), variables={"A": "1"})
    assert one.key({"sdk": "x"}) == two.key({"sdk": "x"})
    assert one.key({"sdk": "x"}) != one.key({"sdk": "y"})
    assert one.key({}) != planned(pip_packages=("numpy",)).key({})


def test_channels_and_names_that_mislead_are_said():
    made = planned(channels=("conda-forge",), pip_packages=("sklearn==0.0",))
    assert made.requirements == ("scikit-learn",)
    assert any("Conda channels are not used" in note for note in made.notes)
    assert any(note.startswith("sklearn==0.0 is taken for scikit-learn") for note in made.notes)


def test_what_an_environment_held_is_tried_first_and_may_be_built_from_source():
    made = planned(preferred=("numpy==1.26.0",), pip_packages=("numpy",))
    again = made.again(["numpy==1.25.0", "zaffre-sdk==0.1.0", "six==1.16", "odd==unknown"])
    assert again.attempts[0].constraints == ("numpy==1.25.0", "six==1.16")
    assert again.attempts[1:] == made.attempts
    assert again.arguments(again.attempts[0]) == list(made.arguments(made.attempts[-1]))
    assert made.again(()) is made
    assert again.attempts[0].without({"numpy"}).constraints == ("six==1.16",)
