# The few commands people repeat.

test *words:
    cargo test --workspace {{words}}

check:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets -- -D warnings
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps

ci:
    bash .ci/run

bench *words:
    cargo run --release -p rye-bench -- {{words}}

site:
    mdbook build docs

install:
    cargo install --path cli
