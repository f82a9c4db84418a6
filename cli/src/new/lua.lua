-- /// rye
-- description = "Greet somebody"
-- [parameters.name]
-- type = "string"
-- description = "who is greeted"
-- required = true
-- [parameters.times]
-- type = "integer"
-- description = "how often"
-- minimum = 1
-- default = 1
-- ///

local name = os.getenv("RYE_PARAM_NAME")
local times = tonumber(os.getenv("RYE_PARAM_TIMES") or 1)

for _ = 1, times do
  print(("Hello, %s!"):format(name))
end
