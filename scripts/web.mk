# The pages. Their source is web/src; what is built of it, web/dist, is in git, so that cargo alone gives the whole product.

# A node that is new enough goes before an old one of the system: Vite wants 20.19.
NODE_PATH_FIRST := $(CURDIR)/target/node/node_modules/node/bin
IN_WEB := cd web && export PATH="$(NODE_PATH_FIRST):$$PATH" &&

.PHONY: web web-check web-test web-tools node

web: node  ## build the pages anew, web/dist, from web/src
	$(IN_WEB) npm ci --no-fund --no-audit --loglevel=error && npm run build

web-check: node  ## the pages' types and unit tests hold, and web/dist is what a fresh build gives
	$(IN_WEB) npm ci --no-fund --no-audit --loglevel=error && npm run api && npx tsc && npm run unit && \
		npx vite build --logLevel warn --emptyOutDir --outDir ../target/web-dist
	diff -r target/web-dist web/dist || { echo "web/dist is not what web/src gives: make web"; exit 1; }

# The binary that `cargo test` builds: `cargo build` would compile the switch anew, with other features of what it stands on.
web-test: web-tools  ## the pages in a real browser, on a real switch with real calls
	$(CARGO) test --no-run --test commands
	$(IN_WEB) npm ci --no-fund --no-audit --loglevel=error && npm run test

web-tools: node
	@command -v chromium >/dev/null || { $(AS_ROOT) apt-get update && \
		$(AS_ROOT) env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends chromium fonts-noto-cjk; }

# Debian 12's own node is too old for Vite, but its npm can bring another.
node:
	@export PATH="$(NODE_PATH_FIRST):$$PATH"; \
	new_enough() { node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)' 2>/dev/null; }; \
	command -v npm >/dev/null || { $(AS_ROOT) apt-get update && \
		$(AS_ROOT) env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends nodejs npm; }; \
	new_enough || npm install --prefix target/node --no-fund --no-audit --loglevel=error node@22.20.0
