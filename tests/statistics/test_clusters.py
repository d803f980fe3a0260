"""Known answers: statsmodels (CR1), dense matrices by the definition (CR2), Welch and paired t, and rates by simulation."""

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from commonweal.core.errors import StudyError
from commonweal.statistics.clusters import estimate_clustered_difference, estimate_combination, regress
from commonweal.statistics.inference import Contrast, oppose


def drawn(seed, clusters=12, most=7, columns=3):
    rng = np.random.default_rng(seed)
    labels = np.repeat(np.arange(clusters), rng.integers(2, most, clusters))
    x = np.c_[np.ones(labels.size), rng.normal(size=(labels.size, columns - 2)), labels % 2]
    return rng.normal(size=labels.size) + rng.normal(size=clusters)[labels], x, rng.permutation(clusters)[labels]


@given(st.integers(0, 10_000))
def test_cr1_is_statsmodels(seed):
    y, x, labels = drawn(seed)
    theirs = sm.OLS(y, x).fit(cov_type="cluster", cov_kwds={"groups": labels})
    for column in range(3):
        found = estimate_combination(regress(y, x, labels), np.eye(3)[column], "CR1")
        assert (found.estimate.value, found.error) == pytest.approx((theirs.params[column], theirs.bse[column]))
        # The constant and the arm are the same within a cluster: G - 2.
        assert (found.freedom, found.clusters) == (10, 12)
    half = stats.t.ppf(0.975, 10) * theirs.bse[2]
    assert (found.estimate.low, found.estimate.high) == pytest.approx((theirs.params[2] - half, theirs.params[2] + half))
    assert found.p == pytest.approx(2 * stats.t.sf(abs(theirs.params[2] / theirs.bse[2]), 10))


@given(st.integers(0, 10_000))
def test_cr2_by_dense_matrices(seed):
    y, x, labels = drawn(seed, clusters=8)
    bread, weights, r = np.linalg.inv(x.T @ x), np.array([0.3, -1.0, 2.0]), y.size
    annihilator = np.eye(r) - x @ bread @ x.T
    residual, variance, columns = annihilator @ y, 0.0, []
    for label in np.unique(labels):
        own = labels == label
        share, vectors = np.linalg.eigh(annihilator[np.ix_(own, own)])
        a = vectors @ np.diag(share**-0.5) @ vectors.T @ x[own] @ bread @ weights
        variance += (a @ residual[own]) ** 2
        columns.append(annihilator[:, own] @ a)
    roots = np.linalg.eigvalsh(np.array(columns) @ np.array(columns).T)
    found = estimate_combination(regress(y, x, labels), weights)
    assert found.error == pytest.approx(np.sqrt(variance))
    assert found.freedom == pytest.approx(roots.sum() ** 2 / (roots**2).sum())


def test_with_one_trial_a_cluster_it_is_hc2():
    rng = np.random.default_rng(1)
    x = np.c_[np.ones(20), rng.normal(size=20)]
    y = x @ [1.0, 2.0] + rng.normal(size=20) * np.abs(x[:, 1])
    found = estimate_combination(regress(y, x, np.arange(20)), [0.0, 1.0])
    assert found.error == pytest.approx(sm.OLS(y, x).fit(cov_type="HC2").bse[1])


@given(st.integers(2, 12), st.integers(2, 12), st.integers(0, 1000))
def test_whole_clusters_are_welch_over_their_means(treated, controls, seed):
    # Equal sizes: Welch's variance; Bell and McCaffrey's freedom in closed form, Imbens & Kolesar 2016, section II.C.
    values = np.random.default_rng(seed).normal(size=(treated + controls, 4))
    one, nil, n, m = values[:treated], values[treated:], treated, controls
    labels = np.repeat(np.arange(n + m), 4)
    found = estimate_clustered_difference(oppose(one.ravel(), nil.ravel()), (labels[: 4 * n], labels[4 * n :]))
    means = one.mean(axis=1), nil.mean(axis=1)
    assert found.error == pytest.approx(np.sqrt(means[0].var(ddof=1) / n + means[1].var(ddof=1) / m))
    freedom = (n + m) ** 2 * (n - 1) * (m - 1) / (m**2 * (m - 1) + n**2 * (n - 1))
    assert found.freedom == pytest.approx(freedom)
    assert f"{n + m} clusters" in found.estimate.method
    assert f"{n} in treatment, {m} in control" in found.estimate.method


def test_clusters_in_both_arms_are_a_paired_t():
    rng = np.random.default_rng(2)
    shared = 4 * rng.normal(size=(9, 1))
    one, nil, labels = shared + rng.normal(size=(9, 3)), shared + rng.normal(size=(9, 3)), np.repeat(np.arange(9), 3)
    theirs = stats.ttest_rel(one.mean(axis=1), nil.mean(axis=1))
    for kind in ("CR2", "CR1"):
        found = estimate_clustered_difference(oppose(one.ravel(), nil.ravel()), (labels, labels), kind)
        assert found.freedom == pytest.approx(8)
        if kind == "CR2":
            assert found.p == pytest.approx(theirs.pvalue)
            limits = theirs.confidence_interval()
            assert (found.estimate.low, found.estimate.high) == pytest.approx((limits.low, limits.high))


def test_families_over_blocks_take_the_blocks_out():
    rng = np.random.default_rng(3)
    block, family = np.repeat(np.arange(4), 12), np.tile(np.repeat(np.arange(6), 2), 4)
    base = 50.0 * block + rng.normal(size=6)[family]
    one, nil = base + 1 + rng.normal(size=48), base + rng.normal(size=48)
    found = estimate_clustered_difference(Contrast(one, nil, block, block, False), (family, family))
    assert found.estimate.low < 1 < found.estimate.high
    assert found.estimate.high - found.estimate.low < 3
    assert found.estimate.method.endswith("4 blocks")


def test_a_block_of_one_cluster_an_arm_falls_back_to_all_blocks_as_one():
    rng = np.random.default_rng(4)
    block = np.repeat(np.arange(5), 4)
    arms = Contrast(rng.normal(size=20), rng.normal(size=20), block, block, False)
    found = estimate_clustered_difference(arms, (block, block + 5))
    plain = stats.ttest_ind(arms.treatment.reshape(5, 4).mean(1), arms.control.reshape(5, 4).mean(1))
    assert found.p == pytest.approx(plain.pvalue)
    assert "blocks" not in found.estimate.method


def test_too_few_clusters_give_the_estimate_and_the_reason():
    found = estimate_clustered_difference(oppose([1.0, 2.0, 3.0], [0.0, 1.0]), (["a"] * 3, ["b", "c"]))
    assert found.estimate.value == 1.5
    assert not found.estimate.bounded
    assert "1 and 2 clusters in the arms, expected at least 2 in each" in found.estimate.method
    assert not estimate_clustered_difference(oppose([], [1.0]), ([], [1])).estimate.bounded
    still = estimate_clustered_difference(oppose([0.1] * 4, [0.3] * 4), ([0, 0, 1, 1], [2, 2, 3, 3])).estimate
    assert "no variation" in still.method
    few = estimate_clustered_difference(
        Contrast(np.array([1.0, 2.0]), np.array([0.0, 4.0]), np.arange(2), np.arange(2), False), ([0, 1], [2, 3])
    )
    assert few.estimate.bounded  # as one block of two trials an arm


def test_what_is_no_regression_is_refused():
    with pytest.raises(StudyError, match="shapes"):
        regress([1.0, 2.0], [[1.0]], [0, 1])
    with pytest.raises(StudyError, match="does not fix"):
        regress([1.0, 2.0, 3.0], [[1.0, 2.0]] * 3, [0, 1, 2])
    with pytest.raises(StudyError, match="one each"):
        estimate_combination(regress([1.0, 2.0], [[1.0]] * 2, [0, 1]), [1.0, 0.0])
    with pytest.raises(StudyError, match="labels"):
        estimate_clustered_difference(oppose([1.0], [2.0]), ([0, 1], [2]))


# Of 3,000 null studies (oracles F): CR1 with a normal quantile, with t(G - 2); ours with CR2.
RATES = [(5, 0.094, 0.060), (10, 0.075, 0.062), (30, 0.065, 0.058)]


@pytest.mark.parametrize(("arm", "normal", "student"), RATES)
def test_false_positives_of_few_clusters(arm, normal, student):
    rng, studies, m, hits = np.random.default_rng(5), 1_000, 10, {"CR2": 0, "CR1": 0, "normal": 0}
    labels = np.repeat(np.arange(2 * arm), m)
    for _ in range(studies):
        y = np.sqrt(0.2) * rng.normal(size=2 * arm)[labels] + np.sqrt(0.8) * rng.normal(size=labels.size)
        arms, sides = oppose(y[: arm * m], y[arm * m :]), (labels[: arm * m], labels[arm * m :])
        hits["CR2"] += estimate_clustered_difference(arms, sides).p < 0.05
        plain = estimate_clustered_difference(arms, sides, "CR1")
        hits["CR1"] += plain.p < 0.05
        hits["normal"] += abs(plain.estimate.value) > 1.96 * plain.error
    rates = {name: count / studies for name, count in hits.items()}
    assert rates["CR2"] <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / studies)
    assert rates["CR1"] == pytest.approx(student, abs=0.025)
    assert rates["normal"] == pytest.approx(normal, abs=0.03)
