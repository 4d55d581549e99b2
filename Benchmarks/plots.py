# SPDX-License-Identifier: Apache-2.0
"""What a run found, as one page of Markdown and as plots."""

import svg_plot

RAW = {"ES384": "nettle P-384, raw", "RS256": "OpenSSL RSA-2048, raw"}
AIMS = {"ES384": 0.65, "RS256": 0.85}


class Page:
    """A table of figures: name, value, what stands beside it, ratio, aim."""

    def __init__(self):
        self.rows = ["| figure | value | beside | ratio | aim |", "|---|---:|---:|---:|---:|"]

    def row(self, name, value, beside="", ratio=None, aim=""):
        self.rows.append(f"| {name} | {value} | {beside} | {'' if ratio is None else f'{ratio:.2f}'} | {aim} |")


def issuing(page, results):
    raw = results.get("raw", {})
    for algorithm, runs in results.get("issuing", {}).items():
        for count, run in runs.items():
            beside, ratio = "", None
            if algorithm in raw:
                beside, ratio = f"{RAW[algorithm]}: {raw[algorithm]:,.0f}/s", run["per_second"] / raw[algorithm]
            page.row(f"{algorithm} tokens/s, {count} connection{'s' if count != '1' else ''} "
                     f"(p50 {run['p50_ms']:.2f} ms, p99 {run['p99_ms']:.2f} ms; CPU {run['cpu_us']:.0f} µs each)",
                     f"{run['per_second']:,.0f}", beside, ratio, f"≥ {AIMS[algorithm]}" if count == "64" else "")
    for algorithm, run in results.get("tls", {}).items():
        ratio = run["per_second"] / raw[algorithm] if algorithm in raw else None
        page.row(f"{algorithm} tokens/s over TLS, 64 connections (p50 {run['p50_ms']:.2f} ms, p99 {run['p99_ms']:.2f} ms)",
                 f"{run['per_second']:,.0f}", "", ratio)
    for algorithm, run in results.get("half_load", {}).items():
        page.row(f"{algorithm} at half load ({run['per_second']:,.0f}/s), p99", f"{run['p99_ms']:.2f} ms",
                 f"p50 {run['p50_ms']:.2f} ms", None, "≤ 5 ms" if algorithm == "RS256" else "")
    for algorithm, runs in results.get("both_cores", {}).items():
        page.row(f"{algorithm} tokens/s on both cores, the load generator on them too", f"{runs['both']['per_second']:,.0f}",
                 f"server on one: {runs['one']['per_second']:,.0f}/s (CPU {runs['both']['cpu_us']:.0f} and "
                 f"{runs['one']['cpu_us']:.0f} µs each)", runs["both"]["per_second"] / runs["one"]["per_second"],
                 "≥ 1.85")
    for algorithm, run in results.get("token_keys", {}).items():
        page.row(f"{algorithm} tokens/s with keys in SoftHSM (PKCS#11), 8 connections", f"{run['per_second']:,.0f}")


def others(page, results):
    for scheme, rate in results.get("documents", {}).items():
        page.row(f"JWK set over {scheme}, requests/s", f"{rate['exeat']:,.0f}", f"nginx: {rate['nginx']:,.0f}/s",
                 rate["exeat"] / rate["nginx"], "≥ 0.9")
    if "moto" in results:
        ours, theirs = (results["moto"][name]["per_second"] for name in ("exeat", "moto"))
        page.row("`GetCallerIdentity`/s, 64 connections, each on record", f"{ours:,.0f}",
                 f"moto, which checks no signature: {theirs:,.0f}/s", ours / theirs, "≥ 50")
    if "saml" in results:
        ours = results["saml"]["exeat"]["per_second"]
        theirs = results["saml"].get("simplesamlphp", {}).get("per_second")
        page.row("SAML responses/s (RSA-SHA256), 32 connections, each on record", f"{ours:,.0f}",
                 f"SimpleSAMLphp: {theirs:,.0f}/s" if theirs else "", ours / theirs if theirs else None)


def emergencies(page, results):
    names = {"revoke": "RevokeOutboundSigningKey", "suspend": "SuspendOutboundIssuer"}
    for name, run in results.get("emergency", {}).items():
        late = run["after_answer_ms"]
        page.row(f"{names[name]} under load: from the call to the last token, worst of five", f"{run['after_sent_ms']:.1f} ms",
                 "none after the answer" if late <= 0 else f"{late:.1f} ms after the answer")
    if "isolation" in results:
        page.row("p99 of an account beside one that floods, by its p99 alone, the worst", f"{results['isolation']['worst']:.2f}",
                 "", None, "≤ 2")


def cost(page, results):
    if "start_up" in results:
        page.row("process start to ready, median of 7", f"{results['start_up']['ready_ms']:.0f} ms")
        page.row("process start to first token, median of 7", f"{results['start_up']['first_token_ms']:.0f} ms", "", None, "< 300 ms")
    if "memory_mb" in results:
        page.row("resident memory, idle", f"{results['memory_mb']['idle']:.1f} MB", "", None, "< 40 MB")
        page.row("resident memory, highest under load", f"{results['memory_mb']['loaded']:.1f} MB")
    for row in results.get("issuers", []):
        each = [f"{row[name]:,.0f} B each {word}" for name, word in
                (("idle_bytes_each", "idle"), ("used_bytes_each", "used")) if row[name] is not None]
        page.row(f"{row['accounts']:,} issuer{'s' if row['accounts'] > 1 else ''}: start to ready",
                 f"{row['ready_ms']:.0f} ms", f"{row['idle_mb']:.1f} MB" + "".join(f", {words}" for words in each), None,
                 "< 2 s, < 3 kB each" if row["accounts"] == 100_000 else "")


def markdown(results, heading="# Benchmark results\n\n"):
    about, page = results["machine"], Page()
    for part in (issuing, others, emergencies, cost):
        part(page, results)
    lines = [f"{heading or ''}{about['date']}, commit {about['commit']}. {about['cpu']}, {about['cores']} cores, {about['system']}, "
             f"Linux {about['kernel']}, {about['swift']}. Load average at the beginning {about['load_average']:.1f}; "
             f"{results['total_seconds']} s in all.", "", *page.rows, ""]
    if "isolation" in results:
        lines += ["**Isolation**", "", results["isolation"]["markdown"], ""]
    if results["notes"]:
        lines += ["Left out:", "", *(f"- {note}" for note in results["notes"]), ""]
    if about["cores"] < 2:
        lines += ["Server and load shared one core: the ratios are too low.", ""]
    return "\n".join(lines).rstrip() + "\n"


def write(results, folder):
    """The plots of everything that was measured."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, plot in (("issuing", plot_issuing), ("latency", plot_latency), ("documents", plot_documents),
                       ("issuers", plot_issuers)):
        try:
            svg = plot(results)
        except KeyError:
            # Its part was left out; an older plot would say what this run did not measure.
            (folder / f"{name}.svg").unlink(missing_ok=True)
            continue
        (folder / f"{name}.svg").write_text(svg, encoding="utf-8")


def by_connections(count):
    return f"{count} connection{'s' if count != '1' else ''}"


def plot_issuing(results):
    raw, found = results["raw"], results["issuing"]
    groups = [(f"{algorithm}, {by_connections(count)}", [run["per_second"] / raw[algorithm]])
              for algorithm, runs in found.items() for count, run in runs.items()]
    groups += [(f"{algorithm}, 64 over TLS", [run["per_second"] / raw[algorithm]])
               for algorithm, run in results.get("tls", {}).items()]
    return svg_plot.bars(
        "Tokens a second on one core, of what the core can sign",
        f"raw: OpenSSL RSA-2048 {raw['RS256']:,.0f}/s, nettle P-384 {raw['ES384']:,.0f}/s; SigV4, policy and a durable record in each",
        groups, ["share"], (1.0, "raw signing rate"), "{:.2f}")


def plot_latency(results):
    groups = [(f"{algorithm}, {by_connections(count)}", [run["p50_ms"], run["p99_ms"]])
              for algorithm, runs in results["issuing"].items() for count, run in runs.items()]
    groups += [(f"{algorithm}, half load", [run["p50_ms"], run["p99_ms"]]) for algorithm, run in results["half_load"].items()]
    return svg_plot.bars("How long a token takes", "milliseconds, over plain HTTP on one core", groups, ["p50", "p99"],
                         form="{:.1f}")


def plot_documents(results):
    groups = [(f"JWK set over {scheme}", [rate["exeat"], rate["nginx"]]) for scheme, rate in results["documents"].items()]
    return svg_plot.bars("The published documents beside nginx", "requests a second on one core, the same bytes and headers",
                         groups, ["Exeat", "nginx"])


def plot_issuers(results):
    groups = [(f"{row['accounts']:,} issuer{'s' if row['accounts'] > 1 else ''}", [row["ready_ms"], row["idle_mb"]])
              for row in results["issuers"]]
    return svg_plot.bars("Many issuers", "one server with as many accounts as said", groups,
                         ["start to ready, ms", "memory idle, MB"], form="{:,.0f}")
