# What the layer and the functions are built with, for both Makefiles that `sam build` calls.
runtime := 3.13
pip ?= python3 -m pip
candidates := python$(runtime) $(wildcard $(or $(PYENV_ROOT),$(HOME)/.pyenv)/versions/$(runtime)*/bin/python)
python := $(firstword $(foreach p,$(candidates),$(shell $p -c 'print("$p")' 2>/dev/null)))

# $(call install,requirements,target): the wheels for both architectures, side by side. A compiled library's name says
# whose it is, except that of a stable ABI, which gets one. So what is built runs on whatever `Architecture` says.
define install
	mkdir -p "$(2)"
	for machine in x86_64 aarch64; do \
		$(pip) install --quiet --no-compile --no-deps --require-hashes --requirement "$(1)" --target "$(2).$$machine" \
			--only-binary=:all: --platform manylinux2014_$$machine --platform manylinux_2_28_$$machine --implementation cp --python-version $(runtime) && \
		find "$(2).$$machine" -name '*.abi3.so' | while read -r library; do \
			mv "$$library" "$${library%.abi3.so}.cpython-$(subst .,,$(runtime))-$$machine-linux-gnu.so"; \
		done && \
		cp -R "$(2).$$machine/." "$(2)" && rm -r "$(2).$$machine" || exit 1; \
	done
endef
